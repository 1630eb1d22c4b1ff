# SPDX-License-Identifier: Apache-2.0
"""Names of variables that Ansible takes, and of which it warns at each run."""

from collections.abc import Iterable, Iterator

#: Keywords of plays, blocks and tasks, of ansible-core 2.17 to 2.19 (ansible/vars/reserved.py),
#: without those that no node can have as a variable (`core.variables`).
_NAMES = """
    action always any_errors_fatal args async_val become become_exe become_flags become_method
    become_user block changed_when check_mode collections connection debugger delay delegate_facts
    delegate_to diff fact_path failed_when force_handlers gather_facts gather_timeout handlers
    hosts ignore_errors ignore_unreachable local_action loop loop_control loop_with
    max_fail_percentage module_defaults name no_log notify order poll port post_tasks pre_tasks
    register remote_user rescue retries roles run_once serial strategy tags tasks throttle timeout
    until vars_files vars_prompt when with_
"""
KEYWORDS = frozenset(_NAMES.split())


def find_keywords(names: Iterable[str]) -> list[str]:
    """Return those names that are keywords, sorted."""
    return sorted(KEYWORDS.intersection(names))


def warn_of_keywords(names: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each name that is a keyword, with the way to avoid the warning."""
    for name in find_keywords(names):
        yield (
            f"The variable '{name}' has the name of a keyword of Ansible, which warns of it at "
            f"each run. Another name, like 'app_{name}', avoids that."
        )
