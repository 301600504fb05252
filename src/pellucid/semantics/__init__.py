"""What HTTP means whatever carries it: dates, conditions, ranges, negotiation and paths, as pure functions."""
