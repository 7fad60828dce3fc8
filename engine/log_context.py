"""Every line logged inside an activity names its workflow, run, activity and attempt."""

from __future__ import annotations

from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from telemetry.logs import bound


class LogContext(Interceptor):
    """For a Worker's ``interceptors``; ids only, bound while the activity runs."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap the activity that runs next."""
        return _Bound(super().intercept_activity(next))


class _Bound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        about = about_workflow(info.workflow_id or "")
        with bound(
            workflow_id=info.workflow_id,
            workflow_type=info.workflow_type,
            run_id=info.workflow_run_id,
            activity=info.activity_type,
            attempt=info.attempt,
            **about,
        ):
            return await super().execute_activity(input)


def about_workflow(workflow_id: str) -> dict[str, str]:
    """Organization and referral or source, as a workflow's id names them (models.ids)."""
    match workflow_id.split("/"):
        case ["referral", org, referral_id]:
            return {"org": org, "referral_id": referral_id}
        case ["source", org, source_id]:
            return {"org": org, "source_id": source_id}
    return {}
