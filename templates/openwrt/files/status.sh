#!/bin/sh
# What this kit says of itself, in one line for snmpd's extend: no more than a datagram holds.
R=${IPKG_INSTROOT-}
. "$R/usr/libexec/kit/guard"
line_of "$T/sample"; sample=$line
printf '{"v":1,"serial":"%s","fw":"%s","marker":"%s","guard":"%s","now":%s,"up":%s,"sample":%s}\n' \
	"$(serial)" "$(release_name)" "$(marker)" "$(state)" \
	"$(date +%s)" "$(up)" "${sample:-null}"
