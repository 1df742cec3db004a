"""Files, processes, clock and package files of the computer that the program runs on."""
