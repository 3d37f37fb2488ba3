"""Python's garbage collector in a process that lives long and answers at once."""

import gc

#: Rare and thorough, instead of often and in vain: with the defaults a collection over
#: everything stops a gateway of ten thousand sockets for a third of a second, and a
#: worker spends a quarter of its time collecting.
THRESHOLDS = (20_000, 50, 1_000)


def settle_collector() -> None:
    """Set aside what start-up has made for good, and collect the rest rarely.

    Call it once, when everything is imported and built, and after any fork.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
