"""What is done with a conference PC: look, enrol, apply the baseline, give it back, watch."""
