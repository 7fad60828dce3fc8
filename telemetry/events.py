"""Every event our own log lines name, and what an operator should make of it; pure.

A line with any other name is masked, so that nobody logs a sentence by accident.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # processes
        "web_started": "the web process takes events",
        "web_stopped": "it was asked to stop, and has answered what was under way",
        "worker_started": "the worker asks Temporal for work",
        "worker_stopping": "it was asked to stop, and ends what is under way",
        "metrics_served": "where this process serves its metrics",
        "crashed": "the process ended by an error: class, place and, of ours, the sentence",
        "thread_crashed": "the same of a thread; the process goes on",
        "finalizer_failed": "an error while something was tidied away; harmless, and a bug",
        "python_warning": "a library warns of something it will change",
        "policy_file_wrong": "a policy file has become nonsense; the process keeps the one it has",
        "policy_file_changed": "a policy file was changed; a restart brings it into force",
        "policy_file_current": "a policy file is again what this process runs",
        # HTTP
        "request": "one request and its answer; `code` says why one was refused",
        "request_failed": "a bug: it was answered with 500 and its id",
        "trouble_not_shown": "a bug in the page that says so: it was said in JSON instead",
        # what comes in
        "event_taken": "an event came to the door: accepted, repeated, rejected or reused",
        "event_settled": "what became of it: applied, waiting, a task, or put_off for a while",
        "fax_taken": "a fax is in the record, or is there already (`kind`)",
        "fax_not_fetched": "a vendor named a fax and did not hand it over; a person is asked",
        "receipt_of_nothing": "a vendor speaks of what is no delivery of ours",
        "receipt_put_off": "Temporal is away; the `receipts` chore asks the vendor when it is back",
        "heard_late": "a text or fax whose callback never came; taken in by the `vendors` chore",
        "vendor_not_asked": "a vendor's list of what came in could not be read; asked again later",
        "call_not_taken": "a missed call whose number was withheld: nobody can be called back",
        "text_not_taken": "a text whose sender is no number; its row is kept as rejected",
        "fax_not_taken": "what a fax says makes no referral yet (`code`); a person is asked",
        "fax_file_refused": "a file of the watched folder was put aside (`code`)",
        "fax_mailbox_away": "the mailbox of the faxes cannot be read (`code`); asked again soon",
        "fax_file_left": "a file of the watched folder could not be read, or not put aside",
        "fax_folder_away": "a clinic's watched folder cannot be read; the others are",
        "fax_word_put_off": "a fax was confirmed and its referral hears it as soon as it can",
        "fax_word_refused": "a confirmed fax makes no referral (`code`); a person is asked again",
        "fax_pages_cleared": "what a killed process was reading has been removed (`seen` folders)",
        "fax_put_off": "a fax is kept; its workflow starts when the engine is back",
        "event_put_off": "why it could not be applied now; it is tried again by itself",
        "event_met_another_writer": "two events of one referral at once; tried again by itself",
        "event_left_as_it_is": "not even that could be written down; the `inbox` chore finds it",
        "decision_asked": "a staff decision, and whether it was taken",
        # what goes out
        "message_sent": "a channel has it",
        "message_held": "it waits: for its hour, for approval, for a document (`code`)",
        "message_failed": "one channel is spent; the next one is tried",
        "message_came_back": "taken by its vendor, and failed later (`code`); it goes again",
        "message_dropped": "it will not go (`code`); where a person must know, there is a task",
        "text_refused": "a person's text cannot go (`code`); its writer sees why",
        "text_put_off": "a person's text could not be handed on now; the chore tries again",
        "reports_not_scheduled": "Temporal cannot take the reports' Schedules yet; asked again",
        "report_not_mailed": "a director's address was refused (`code`); the report is on the desk",
        "scorecard_not_sent": "a letter to an office was refused (`code`); its page says so",
        "answer_lost": "a vendor's answer was lost; it is asked before anything is sent again",
        "answer_kept": "a vendor has answered and the record is away; it is written soon again",
        "document_not_drawn": "a page could not be made; there is a task for a person",
        # the codec endpoint
        "codec_used": "somebody had payloads decoded or encoded: who and how many, never what",
        "codec_signed_in": "somebody signed in for the Temporal UI",
        "desk_signed_in": "somebody of the staff signed in: their staff id",
        "desk_refused": "too many wrong passwords came from one address",
        "desk_login_failed": "a login by the provider did not fit; the step that failed",
        "login_unreachable": "the login provider's keys could not be had; tokens still work",
        "codec_refused": "a wrong token; locked_out after too many from one address",
        # work behind
        "activity_failed": "an attempt failed; Temporal tries again unless the code is final",
        "activity_waits": "two writers met, such as letters to one line; this one tries again",
        "chore_done": "one run of a chore, with how much it saw and moved",
        "free_times_not_read": "an EMR's free times could not be read; what was offered stays",
        "gauges_missing": "the database was away when metrics were asked for",
    }
)
