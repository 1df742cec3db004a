#!/bin/sh
# The kit's guard: no change without its own way back.
#
# The way back lies on flash (/etc/kit): a checkpoint of all that a run may change, and the file
# `armed` that names the run. While `armed` is there, the old configuration comes back at the
# deadline (wait, tick) or at the next boot, whichever is first. rpcd's own rollback is used too,
# but it lives in RAM and knows /etc/config only.
#
# Exit codes: 21 another run is armed, 22 the plan is stale, 23 flash is full, 24 no checkpoint,
# 25 refused by uci, 26 refused by rpcd, 31 not armed by this run, 32 moved since it was read back.
R=${IPKG_INSTROOT-}
K=$R/etc/kit
T=$R/tmp/kit
SELF=$R/usr/libexec/kit/guard
PACKAGES='system network firewall dhcp dropbear snmpd'
KEPT='etc/dropbear/authorized_keys etc/shadow etc/crontabs/root usr/libexec/kit/status usr/libexec/kit/sample'

mkdir -p "$K" "$T" 2>/dev/null

say() { printf '#kit %s\n' "$*"; }
die() { code=$1; shift; say "refused $*"; unlock; exit "$code"; }
up() { read -r s _ </proc/uptime; echo "${s%%.*}"; }
paths() { for p in $PACKAGES; do echo "etc/config/$p"; done; for p in $KEPT; do echo "$p"; done; }

lock() { # one at a time; a holder that died, or sits there for a minute, loses it
	n=0
	until mkdir "$T/lock" 2>/dev/null; do
		n=$((n + 1))
		if [ "$n" -ge 60 ] || ! kill -0 "$(cat "$T/lock/pid" 2>/dev/null || echo $$)" 2>/dev/null; then
			rm -rf "$T/lock"
		else
			sleep 1
		fi
	done
	echo $$ >"$T/lock/pid"
	locked=1
}
unlock() { [ -z "$locked" ] || rm -rf "$T/lock"; locked=; }

marker() {
	( cd "$R/" && for p in $(paths); do
		echo "== $p"
		case $p in
		etc/shadow) grep '^root:' "$p" 2>/dev/null | cut -d: -f1,2 ;;
		*) cat "$p" 2>/dev/null ;;
		esac
	done ) | sha256sum | cut -c1-32
}

state() { # none | armed RUN SECONDS_LEFT | reverted RUN WHY
	if [ -s "$K/armed" ]; then
		read -r run deadline _ <"$K/armed"
		echo "armed $run $((deadline - $(up)))"
	elif [ -s "$K/reverted" ]; then
		echo "reverted $(cat "$K/reverted")"
	else
		echo none
	fi
}
armed_by() { [ -s "$K/armed" ] && read -r run deadline _ <"$K/armed" && [ "$run" = "$1" ]; }

install() { # the guard and its boot hook, before anything depends on them
	mkdir -p "$R/usr/libexec/kit" "$R/etc/init.d" "$R/etc/rc.d"
	[ ! -s "$K/next/guard" ] || {
		chmod 755 "$K/next/guard"; mv -f "$K/next/guard" "$SELF"
	}
	hook=$R/etc/init.d/kit-guard
	[ -x "$hook" ] || {
		printf '#!/bin/sh\n# START=11: before dropbear (19) and network (20)\ncase "$1" in boot|start) exec "${IPKG_INSTROOT-}/usr/libexec/kit/guard" boot ;; esac\n' >"$hook.new"
		chmod 755 "$hook.new"; mv -f "$hook.new" "$hook"
	}
	ln -sf ../init.d/kit-guard "$R/etc/rc.d/S11kit-guard"
	sync
	[ -x "$SELF" ] && [ -x "$R/etc/rc.d/S11kit-guard" ] || die 24 'the guard could not be put on flash'
}

checkpoint() { # MARKER
	[ ! -s "$K/armed" ] || die 21 "guard of another run: $(state)"
	[ "$1" = "$(marker)" ] || die 22 'stale: the configuration moved since the plan was made'
	need=$(( $(du -sk "$R/etc/config" | cut -f1) * 4 + 64 ))
	# shellcheck disable=SC2046
	set -- $(df -k "$K" | tail -n 1)
	[ "${4:-0}" -ge "$need" ] || die 23 "flash full: ${4:-0} KB free, $need KB needed"
	present=; absent=
	for p in $(paths); do
		if [ -e "$R/$p" ]; then present="$present $p"; else absent="$absent $p"; fi
	done
	rm -f "$K/reverted"
	# shellcheck disable=SC2086
	tar -C "$R/" -cf "$K/old.new" $present || die 24 'the checkpoint could not be written'
	echo "$absent" >"$K/absent" || die 24 'the checkpoint could not be written'
	sync
	# shellcheck disable=SC2086
	[ "$(tar -xOf "$K/old.new" $present | sha256sum)" = "$(cd "$R/" && cat $present | sha256sum)" ] ||
		die 24 'the checkpoint does not read back'
	mv "$K/old.new" "$K/old.tar"
	sync
}

arm() { # RUN SECONDS
	line="$1 $(( $(up) + $2 )) $2"
	echo "$line" >"$K/armed.new" || die 24 'the guard could not be armed'
	sync; mv "$K/armed.new" "$K/armed"; sync
	[ "$(cat "$K/armed")" = "$line" ] || die 24 'the armed guard does not read back'
	rm -f "$T/session"; echo "$2" >"$T/window"
	"$SELF" wait "$1" </dev/null >/dev/null 2>&1 &
	say "armed $1 $2"
}

wait_out() { # RUN: revert at the deadline
	while armed_by "$1"; do
		[ "$(up)" -lt "$deadline" ] || { revert timer; return; }
		sleep 1
	done
}

rpc() { ubus -S call "$@"; }
session() { printf '{"ubus_rpc_session":"%s"%s}' "$(cat "$T/session" 2>/dev/null)" "$1"; }

stage() { # uci batch on stdin, into an rpcd session of our own
	sid=$(rpc session create '{"timeout":1800}' | sed -n 's/.*"ubus_rpc_session": *"\([0-9a-f]*\)".*/\1/p')
	[ -n "$sid" ] || die 26 'rpcd gave no session'
	echo "$sid" >"$T/session" || die 26 'the session could not be kept'
	rpc session grant "$(session ',"scope":"uci","objects":[["*","read"],["*","write"]]')" >/dev/null ||
		die 26 'rpcd granted nothing'
	mkdir -p "$R/var/run/rpcd"
	errors=$(uci -t "$R/var/run/rpcd/uci-$sid" batch 2>&1 >/dev/null | head -n 1)
	[ -z "$errors" ] || die 25 "$errors"
	# rpcd before 2026 takes its save directory from the last call of the session
	rpc uci changes "$(session)" >/dev/null || die 26 'rpcd shows no changes'
}

put() { # MODE PATH: a file from stdin, beside its place
	mkdir -p "$K/next/${2%/*}"
	cat >"$K/next/$2" && chmod "$1" "$K/next/$2" || die 23 "flash full: $2 could not be written"
}

password() { # the crypt hash of root from stdin, never in an argument
	read -r hash
	mkdir -p "$K/next/etc"
	while IFS=: read -r user _ rest; do
		case $user in
		root) printf '%s:%s:%s\n' root "$hash" "$rest" ;;
		*) printf '%s\n' "$user:$_:$rest" ;;
		esac
	done <"$R/etc/shadow" >"$K/next/etc/shadow" || die 23 'flash full: shadow could not be written'
	chmod 600 "$K/next/etc/shadow"
}

place() { # the files beside their places move in, each whole
	[ -d "$K/next" ] || return 0
	sync
	( cd "$K/next" && find . -type f ) | while read -r p; do
		mkdir -p "$R/${p%/*}"; mv -f "$K/next/$p" "$R/$p"
	done
	rm -rf "$K/next"; sync
}

commit() { # RUN MODE: with or without something staged for rpcd
	lock # a revert that came first has disarmed: then nothing may take effect
	armed_by "$1" || die 31 "not armed by $1: $(state)"
	place
	[ "$2" = files ] || {
		window=$(cat "$T/window")
		rpc uci apply "$(session ",\"rollback\":true,\"timeout\":$((window + 60))")" ||
			die 26 "rpcd refused the apply ($?)"
		sync
	}
	unlock
	"$R/etc/init.d/cron" restart >/dev/null 2>&1
}

release() { # end the rpcd session, forget the way back
	[ ! -s "$T/session" ] || rpc session destroy "$(session)" >/dev/null 2>&1
	rm -rf "$T/session" "$K/old.tar" "$K/absent" "$K/restore" "$K/next" "$K/done"
}

finish() { # RUN MARKER: confirm, then disarm: a cut between the two brings the old back, whole
	lock
	armed_by "$1" || die 31 "not armed by $1: $(state)"
	[ "$2" = "$(marker)" ] || die 32 'moved: the configuration is not the one that was read back'
	[ ! -s "$T/session" ] || rpc uci confirm "$(session)" >/dev/null || [ $? -eq 5 ] ||
		die 26 'rpcd refused to confirm'
	mv "$K/armed" "$K/done"; sync
	release
	unlock
	"$R/usr/libexec/kit/sample" </dev/null >/dev/null 2>&1 &
}

restore() { # the checkpoint back into place; may be cut and done again
	rm -rf "$K/restore"; mkdir -p "$K/restore"
	tar -C "$K/restore" -xf "$K/old.tar" && sync || return 1
	( cd "$K/restore" && find . -type f ) | while read -r p; do
		mkdir -p "$R/${p%/*}"; mv -f "$K/restore/$p" "$R/$p"
	done
	for p in $(cat "$K/absent"); do rm -f "$R/$p"; done
	sync
}

revert() { # WHY
	lock
	[ -s "$K/armed" ] || { unlock; return 0; }
	read -r run _ <"$K/armed"
	[ "$1" = boot ] || [ ! -s "$T/session" ] || rpc uci rollback "$(session)" >/dev/null 2>&1
	restore || { unlock; return 1; }
	echo "$run $1" >"$K/reverted"
	mv "$K/armed" "$K/done"; sync
	release
	unlock
	[ "$1" = boot ] || {
		for p in $PACKAGES; do
			rpc service event "{\"type\":\"config.change\",\"data\":{\"package\":\"$p\"}}" >/dev/null 2>&1
		done
		"$R/etc/init.d/cron" restart >/dev/null 2>&1
	}
}

undo() { # RUN: put the old configuration back now
	armed_by "$1" || die 31 "not armed by $1: $(state)"
	revert asked || die 24 'the old configuration could not be put back yet; the guard tries again'
}

boot() {
	rm -rf "$T"; mkdir -p "$T"
	[ ! -s "$K/armed" ] || revert boot
	rm -rf "$K/next" "$K/restore" "$K"/*.new
}

tick() { # from cron: a second hand on the clock, should the waiter have died
	[ -s "$K/armed" ] && read -r run deadline _ <"$K/armed" && [ "$(up)" -ge "$deadline" ] && revert tick
}

serial() { tr -cd 'A-Za-z0-9._-' <"$R/proc/device-tree/serial-number" 2>/dev/null; }
mac() { cat "$R/sys/class/net/eth0/address" 2>/dev/null; }
release_name() { ( . "$R/etc/openwrt_release" 2>/dev/null; printf '%s' "$DISTRIB_RELEASE" ); }
model() { tr -cd 'A-Za-z0-9._ +-' <"$R/tmp/sysinfo/model" 2>/dev/null; }
hash_of() { sha256sum <"$R/$1" 2>/dev/null | cut -c1-64; }

identity() {
	say "serial $(serial)"
	say "mac $(mac)"
	say "imei $(uqmi -s -d /dev/cdc-wdm0 --get-imei 2>/dev/null | tr -cd 0-9)"
	say "firmware $(release_name)"
	say "model $(model)"
	missing=
	for need in ubus:rpcd uqmi:uqmi wg:wireguard-tools snmpd:snmpd; do
		command -v "${need%%:*}" >/dev/null 2>&1 || missing="$missing ${need#*:}"
	done
	say "missing$missing"
}

look() { # all that a plan is made from, with an end marker
	identity
	say "guard $(state)"
	say "marker $(marker)"
	for p in $KEPT usr/libexec/kit/guard; do
		case $p in
		etc/shadow) [ ! -s "$R/$p" ] || say "file $p $(grep '^root:' "$R/$p" | cut -d: -f2 | sha256sum | cut -c1-64)" ;;
		*) [ ! -e "$R/$p" ] || say "file $p $(hash_of "$p")" ;;
		esac
	done
	say export
	for p in $PACKAGES; do [ ! -s "$R/etc/config/$p" ] || echo "export $p"; done | uci batch
}

verb=$1; shift
case $verb in
wait) wait_out "$@" ;;
*) "$verb" "$@" ;;
esac
