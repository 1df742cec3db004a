#!/bin/sh
# What this kit says of itself, in one line for snmpd's extend: no more than a datagram holds.
R=${IPKG_INSTROOT-}
T=$R/tmp/kit
G=$R/usr/libexec/kit/guard
read -r up _ </proc/uptime
sample=$(cat "$T/sample" 2>/dev/null)
printf '{"v":1,"serial":"%s","fw":"%s","marker":"%s","guard":"%s","now":%s,"up":%s,"sample":%s}\n' \
	"$("$G" serial)" "$("$G" release_name)" "$("$G" marker)" "$("$G" state)" \
	"$(date +%s)" "${up%%.*}" "${sample:-null}"
