"""Data types, errors and pure logic: no disk, network, clock, process or randomness."""
