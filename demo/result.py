"""What a run came to, as one JSON value: counts by kind, the ends, the cost."""

from __future__ import annotations

from demo.cast import ORG, Json
from demo.crew import Crew
from demo.life import Life
from demo.stage import Stage
from engine.actions import ActionCount, count
from models.ids import referral_workflow_id
from store.stats import stats


async def result(stage: Stage, crew: Crew, lives: list[Life], elapsed_s: float) -> Json:
    """Count everything; the cost of a referral is the mean over those that ended closed."""
    with stage.store.read() as session:
        counted = stats(session)
    ends = {life.name: (await stage.card(life.name))["card"]["stage"] for life in lives}
    costs = [
        await count(stage.skipper.client, referral_workflow_id(ORG, stage.referral_ids[life.name]))
        for life in lives
        if ends[life.name] == "closed"
    ]
    return {
        "referrals": counted.referrals,
        "stages": ends,
        "expected_stages": {life.name: life.ends for life in lives},
        "messages": counted.messages,
        "deliveries": counted.deliveries,
        "tasks": counted.tasks,
        "tasks_open": counted.tasks_open,
        "sources_quiet": counted.sources_quiet,
        "worker_kills": crew.kills,
        "duplicate_sends": counted.duplicate_sends,
        "actions_per_referral": _mean([cost.actions for cost in costs]),
        "floor_actions_per_referral": _mean([cost.floor for cost in costs]),
        "actions_ratio": _ratio(costs),
        "history_events_per_referral": _mean([cost.events for cost in costs]),
        "elapsed_s": round(elapsed_s, 1),
    }


def faults(value: Json) -> list[str]:
    """What a run must not have; empty when all is well."""
    wrong = [
        f"{life} ended {stage}, expected {value['expected_stages'][life]}"
        for life, stage in value["stages"].items()
        if stage != value["expected_stages"][life]
    ]
    if value["duplicate_sends"]:
        wrong.append(f"{value['duplicate_sends']} messages went out twice")
    if not value["worker_kills"]:
        wrong.append("no worker was killed")
    if not value["sources_quiet"]:
        wrong.append("no source fell silent")
    return wrong


def _mean(numbers: list[int]) -> float:
    return round(sum(numbers) / len(numbers), 1) if numbers else 0.0


def _ratio(costs: list[ActionCount]) -> float:
    floor = sum(cost.floor for cost in costs)
    return round(sum(cost.actions for cost in costs) / floor, 3) if floor else 0.0
