"""SNMPv3 reads at authPriv, pure: build a request, read a reply, believe only what is authenticated."""
