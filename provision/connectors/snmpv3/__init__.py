"""SNMPv3 at authPriv, without a socket: build a request, read a reply, believe only what is authenticated."""
