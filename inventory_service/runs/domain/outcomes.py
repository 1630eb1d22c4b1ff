# SPDX-License-Identifier: Apache-2.0
"""How a run ended: from the exit code of ansible-playbook, and from what its hosts report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inventory_service.runs.domain.states import RunState

_MOST_NAMED = 5
_UNKNOWN = "it is not known how ansible-playbook ended; the worker's log may have the reason"


@dataclass(frozen=True)
class Ending:
    """How ansible-playbook ended; ``exit_code`` is None where that is not known."""

    exit_code: int | None
    is_cancelled: bool = False
    is_timed_out: bool = False
    #: What went wrong with the run itself, or was left of it.
    problem: str | None = None


def judge(
    ending: Ending, hosts: Mapping[str, Mapping[str, int]], *, has_recap: bool, timeout: str
) -> tuple[RunState, str | None]:
    """Return the last state of a run, and why it is none of success.

    ``timeout`` explains which time was over. Where the exit code is not known, but Ansible's recap
    is, the recap decides.
    """
    failed = sorted(name for name, counts in hosts.items() if counts["failed"])
    unreachable = sorted(name for name, counts in hosts.items() if counts["unreachable"])
    if ending.is_cancelled:
        return RunState.CANCELLED, ending.problem
    if ending.is_timed_out:
        return RunState.TIMED_OUT, timeout
    if ending.exit_code is None and not has_recap:
        return RunState.FAILED, ending.problem or _UNKNOWN
    return _judge_hosts(failed, unreachable, ending)


def _judge_hosts(
    failed: Sequence[str], unreachable: Sequence[str], ending: Ending
) -> tuple[RunState, str | None]:
    if failed:
        return RunState.FAILED, f"failed on {_name(failed)}"
    if unreachable:
        return RunState.UNREACHABLE, f"could not reach {_name(unreachable)}"
    if ending.exit_code:
        return RunState.FAILED, _explain(ending.exit_code)
    return RunState.SUCCESSFUL, ending.problem


def _name(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


def _explain(exit_code: int) -> str:
    if exit_code < 0:
        return f"ansible-playbook was ended by signal {-exit_code}"
    return f"ansible-playbook ended with code {exit_code}; the log has the reason"
