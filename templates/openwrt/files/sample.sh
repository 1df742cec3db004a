#!/bin/sh
# Each minute from cron: read the modem, keep the answer with its time (uptime, in seconds).
R=${IPKG_INSTROOT-}
T=$R/tmp/kit
mkdir -p "$T"
"$R/usr/libexec/kit/guard" tick
mkdir "$T/sampling" 2>/dev/null || exit 0
trap 'rmdir "$T/sampling"' EXIT
dev=$(uci -q get network.wwan.device)
ask() { uqmi -s -d "${dev:-/dev/cdc-wdm0}" "$1" 2>/dev/null | tr -d '\n\t'; }
signal=$(ask --get-signal-info); serving=$(ask --get-serving-system); imei=$(ask --get-imei)
count() { n=null; for f in "$R"/sys/class/net/wwan*/statistics/"$1"_bytes; do { read -r n <"$f"; } 2>/dev/null && break; done; echo "${n:-null}"; }
read -r up _ </proc/uptime
printf '{"up":%s,"signal":%s,"serving":%s,"imei":%s,"tx":%s,"rx":%s}\n' "${up%%.*}" \
	"${signal:-null}" "${serving:-null}" "${imei:-null}" "$(count tx)" "$(count rx)" >"$T/sample.new"
mv "$T/sample.new" "$T/sample"
