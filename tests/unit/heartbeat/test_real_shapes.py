"""Shapes in which people write their HEARTBEAT.md, and what a person would count."""

import pytest

from heartbeat.checklist import parse_checklist
from heartbeat.errors import InvalidChecklist

EMPTY = {
    "a template with comment lines": (
        "# HEARTBEAT.md\n\n# Keep this file empty to skip heartbeat calls.\n"
        "# Add tasks below when you want something checked.\n"
    ),
    "a template in a fence": (
        "# HEARTBEAT.md Template\n\n```markdown\n# Keep this file empty\n"
        "- [ ] an example\n```\n"
    ),
    "documentation keys only": (
        '---\nsummary: "Workspace template"\nread_when:\n  - Bootstrapping\n'
        "x-i18n:\n  source_hash: 47\n---\n\n# Nothing yet\n"
    ),
    "tasks in comments": "# Tasks\n# - look at the mail\n# - look at the disk\n",
    "a plan of headings": "# 1. **Morning**\n# 2. **Evening**\n",
    "headings and comments": "# Tasks\n\n<!--\nAdd a task:\n- [ ] like this\n-->\n",
    "a word": "(none)\n",
    "a status line": "Last heartbeat: 2026-03-09 22:44\n",
    "a table": "| task | when |\n|---|---|\n| mail | 9:00 |\n",
}

PLAIN = {
    "instructions": "# Heartbeat\n\n- Check the mail\n- If quiet, reply HEARTBEAT_OK\n",
    "a numbered rotation": "# Rotation\n\n1. Mail\n2. Calendar\n   - only today\n",
    "brackets of another kind": "1) Mail\n2) Disk\n",
    "tasks as a block": (
        "tasks:\n\n- name: inbox\n  interval: 30m\n  prompt: Look at the mail\n\n"
        "# Additional instructions\n\n- Be short\n"
    ),
    "keys and values": "- **Schedule:** every 30 minutes\n- **Quiet:** 22:00\n",
    "a log": "- [2026-03-09T22:44:24.123Z] Heartbeat OK\n",
}

BOXES = {
    "conditions in brackets": (
        "# Heartbeat\n\n## Checks\n\n- [ ] Mail answered (if older than 2 hours)\n"
        "- [ ] Calendar read (mornings)\n\n## Rules\n\n- Never send mail\n\n"
        "```\n- [ ] an example\n- [ ] another\n```\n",
        2,
    ),
    "inline shell": (
        "- [ ] Run `df -h | grep '/$'` and look\n- [ ] `uptime`\n",
        2,
    ),
    "sections of the day": (
        "## Morning (8:00)\n\n- [ ] Mail\n\n## Evening\n\n- [ ] Backups\n- [x] Tidy\n",
        2,
    ),
    "numbered with details": (
        "1. [ ] **Site**: answers\n   - `https://example.com`\n   - within a second\n"
        "\n2. [ ] **Disk**: has room\n",
        2,
    ),
}


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY)
def test_nothing_to_check_is_empty(text: str) -> None:
    assert parse_checklist(text).is_empty


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_plain_lists_ask_for_boxes_or_for_opting_in(text: str) -> None:
    with pytest.raises(InvalidChecklist, match="items: bullets"):
        parse_checklist(text)
    assert parse_checklist(f"---\nitems: bullets\n---\n{text}").items


@pytest.mark.parametrize(("text", "count"), BOXES.values(), ids=BOXES)
def test_boxes_are_counted_as_a_person_would(text: str, count: int) -> None:
    checklist = parse_checklist(text)
    assert len(checklist.items) == count
    assert checklist.warnings == ()
