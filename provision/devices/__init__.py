"""The kinds of device: how each is enrolled, looked at, changed and resumed."""
