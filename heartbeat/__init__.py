"""What a heartbeat is (the flat modules, pure) and where it is kept (`store`)."""
