"""What the program does, one verb a file; what differs between kinds of device is in `provision/devices/`."""
