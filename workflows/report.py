"""Monthly reports: a Schedule asks every day whether one is due."""

from __future__ import annotations

from temporalio import workflow

from models.contracts import MonthsClosed, ReportAsked
from workflows.policies import REPORT_TIMEOUT, SEND_RETRY, SEND_TIMEOUT, STORE_RETRY


@workflow.defn(name="MonthlyReportWorkflow")
class MonthlyReportWorkflow:
    """Closes what is due, then tells the directors; most days it finds nothing."""

    @workflow.run
    async def run(self, asked: ReportAsked) -> MonthsClosed:
        """Close each month once its second business day has begun, and mail a link to it.

        Run again it closes nothing twice and mails nobody twice: both are rows first.
        """
        closed: MonthsClosed = await workflow.execute_activity(
            "close_months",
            asked,
            result_type=MonthsClosed,
            start_to_close_timeout=REPORT_TIMEOUT,
            retry_policy=STORE_RETRY,
            summary="Close the month if it is due",
        )
        for mail in closed.mails:
            await workflow.execute_activity(
                "mail_report",
                mail,
                start_to_close_timeout=SEND_TIMEOUT,
                retry_policy=SEND_RETRY,
                summary=f"Tell a director that the report of {mail.month} is there",
            )
        return closed
