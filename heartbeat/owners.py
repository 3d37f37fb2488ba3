"""Who a heartbeat belongs to, and where that owner's checklists are."""

from pathlib import Path

#: The owner on loopback without tokens: it has ROOT itself and its private network.
LOCAL_OWNER = "local"


def root_of(owner: str, root: Path) -> Path:
    """Return the folder that an owner's checklists are in and cannot leave."""
    return root if owner == LOCAL_OWNER else root / owner
