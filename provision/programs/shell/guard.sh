#!/bin/sh
# The kit's guard: no change without its own way back.
#
# The way back lies on flash (/etc/kit): a checkpoint of all that a run may change, and the file
# `armed` that names the run. While `armed` is there, the old configuration comes back at the
# deadline (wait, tick) or at the next boot, whichever is first. rpcd's own rollback is used too,
# but it lives in RAM and knows /etc/config only. How the last run ended stays on flash, in the file
# `confirmed` (run and digest) or `reverted` (run and cause), written before `armed` goes.
#
# Run as `guard VERB …`, or sourced without a word for its functions: every process that is not
# started counts on such a small box, so a document sources it once and builtins do what they can.
#
# Exit codes: 21 another run is armed, 22 the plan is stale, 23 flash is full, 24 no checkpoint,
# 25 refused by uci, 26 refused by rpcd, 27 another run has ended this one, 34 a run cannot be barred, 31 not armed by this run, 32 moved since it was read back,
# 33 the confirmation could not be kept on flash.
R=${IPKG_INSTROOT-}
K=$R/etc/kit
T=$R/tmp/kit
SELF=$R/usr/libexec/kit/guard
# include family.sh

clean() { # TEXT: only what may stand in a name
	case $1 in *[!A-Za-z0-9._\ +-]*) printf '%s' "$1" | tr -cd 'A-Za-z0-9._ +-' ;; *) printf '%s' "$1" ;; esac
}

[ -d "$K" ] && [ -d "$T" ] || mkdir -p "$K" "$T" 2>/dev/null

say() { printf '#kit %s\n' "$*"; }
die() { code=$1; shift; say "refused $*"; unlock; exit "$code"; }
up() { read -r s _ </proc/uptime; echo "${s%%.*}"; }
PATHS=
for p in $PACKAGES; do PATHS="$PATHS etc/config/$p"; done
PATHS="$PATHS $KEPT"
line_of() { line=; { read -r line <"$1"; } 2>/dev/null; [ -n "$line" ]; } # FILE -> $line
folder() { [ -d "${1%/*}" ] || mkdir -p "${1%/*}"; }                      # FILE: its directory

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

sums() { # "DIGEST  PATH" of all that a run may change; of shadow only root's hash counts
	cd "$R/" || return
	# shellcheck disable=SC2086
	sha256sum ${PATHS% etc/shadow*} ${PATHS#*etc/shadow } 2>/dev/null
	[ ! -s etc/shadow ] || while IFS=: read -r user hash _; do
		[ "$user" != root ] || echo "$hash"
	done <etc/shadow | sha256sum | { read -r sum _; echo "$sum  etc/shadow"; }
}
short() { read -r sum _; printf '%.32s\n' "$sum"; }
marker() { sums | sha256sum | short; }

state() { # none | armed RUN SECONDS_LEFT | reverted RUN WHY | confirmed RUN MARKER
	if [ -s "$K/armed" ]; then
		read -r run deadline _ <"$K/armed"
		echo "armed $run $((deadline - $(up)))"
	elif [ -s "$K/reverted" ]; then
		line_of "$K/reverted"; echo "reverted $line"
	elif [ -s "$K/confirmed" ]; then
		line_of "$K/confirmed"; echo "confirmed $line"
	else
		echo none
	fi
}
armed_by() { [ -s "$K/armed" ] && read -r run deadline _ <"$K/armed" && [ "$run" = "$1" ]; }

install() { # the guard and its boot hook, before anything depends on them
	folder "$SELF"; folder "$R/etc/init.d/x"; folder "$R/etc/rc.d/x"
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
	used=$(du -sk "$R/etc/config"); used=${used%%[!0-9]*}
	need=$((used * 4 + 64))
	# shellcheck disable=SC2046
	set -- $(df -k "$K") # … available use% mountpoint
	while [ $# -gt 3 ]; do shift; done
	[ "${1:-0}" -ge "$need" ] 2>/dev/null || die 23 "flash full: ${1:-0} KB free, $need KB needed"
	present=; absent=
	for p in $PATHS; do
		if [ -e "$R/$p" ]; then present="$present $p"; else absent="$absent $p"; fi
	done
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

barred() { while read -r line; do [ "$line" != "$1" ] || return 0; done 2>/dev/null <"$K/barred"; return 1; } # RUN

bar() { # RUN: it may not begin any more, unless the guard has a word of it; the last twenty are kept
	lock
	case "$(state)" in *" $1" | *" $1 "*) unlock; return 0 ;; esac
	barred "$1" || {
		{ [ ! -e "$K/barred" ] || tail -n 19 "$K/barred"; echo "$1"; } >"$K/barred.new" && sync &&
			mv "$K/barred.new" "$K/barred" && sync && barred "$1" || die 34 "run $1 could not be barred"
	}
	unlock
}

arm() { # RUN SECONDS
	lock # a run that another one has ended meanwhile begins nothing
	! barred "$1" || die 27 "another run has ended $1"
	want="$1 $(( $(up) + $2 )) $2"
	echo "$want" >"$K/armed.new" || die 24 'the guard could not be armed'
	sync; mv "$K/armed.new" "$K/armed"; sync
	line_of "$K/armed" && [ "$line" = "$want" ] || die 24 'the armed guard does not read back'
	unlock
	[ ! -e "$T/session" ] || rm -f "$T/session"
	echo "$2" >"$T/window"
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
session() { line_of "$T/session"; printf '{"ubus_rpc_session":"%s"%s}' "$line" "$1"; }

stage() { # uci batch on stdin, into an rpcd session of our own
	sid=$(rpc session create '{"timeout":1800}')
	sid=${sid#*\"ubus_rpc_session\"*\"}; sid=${sid%%\"*}
	case $sid in '' | *[!0-9a-f]*) die 26 'rpcd gave no session' ;; esac
	echo "$sid" >"$T/session" || die 26 'the session could not be kept'
	rpc session grant "$(session ',"scope":"uci","objects":[["*","read"],["*","write"]]')" >/dev/null ||
		die 26 'rpcd granted nothing'
	folder "$R/var/run/rpcd/x"
	errors=$(uci -t "$R/var/run/rpcd/uci-$sid" batch 2>&1 >/dev/null)
	[ -z "$errors" ] || die 25 "${errors%%
*}"
	# rpcd before 2026 takes its save directory from the last call of the session
	rpc uci changes "$(session)" >/dev/null || die 26 'rpcd shows no changes'
}

put() { # MODE PATH: a file from stdin, beside its place
	folder "$K/next/$2"
	cat >"$K/next/$2" && chmod "$1" "$K/next/$2" || die 23 "flash full: $2 could not be written"
}

root_hash() { # the crypt hash of root from stdin, never in an argument
	read -r hash
	folder "$K/next/etc/x"
	( umask 077; while IFS=: read -r user _ rest; do
		case $user in
		root) printf '%s:%s:%s\n' root "$hash" "$rest" ;;
		*) printf '%s\n' "$user:$_:$rest" ;;
		esac
	done <"$R/etc/shadow" >"$K/next/etc/shadow" ) || die 23 'flash full: shadow could not be written'
}

place() { # the files beside their places move in, each whole
	[ -d "$K/next" ] || return 0
	sync
	( cd "$K/next" && find . -type f ) | while read -r p; do
		folder "$R/$p"; mv -f "$K/next/$p" "$R/$p"
	done
	rm -rf "$K/next"; sync
}

commit() { # RUN MODE: with or without something staged for rpcd
	lock # a revert that came first has disarmed: then nothing may take effect
	armed_by "$1" || die 31 "not armed by $1: $(state)"
	cron=; [ ! -e "$K/next/etc/crontabs/root" ] || cron=1
	place
	[ "$2" = files ] || {
		line_of "$T/window"; window=$((line + 60))
		rpc uci apply "$(session ",\"rollback\":true,\"timeout\":$window")" ||
			die 26 "rpcd refused the apply ($?)"
		sync
	}
	unlock
	[ -z "$cron" ] || "$R/etc/init.d/cron" restart >/dev/null 2>&1
}

release() { # end the rpcd session, forget the way back
	[ ! -s "$T/session" ] || rpc session destroy "$(session)" >/dev/null 2>&1
	rm -rf "$T/session" "$K/old.tar" "$K/absent" "$K/restore" "$K/next" "$K/done"
}

finish() { # RUN MARKER: confirm, then disarm: a cut between the two brings the old back, whole
	# the proof of it is on flash before: whoever comes later need not guess how this run ended
	lock
	armed_by "$1" || die 31 "not armed by $1: $(state)"
	[ "$2" = "$(marker)" ] || die 32 'moved: the configuration is not the one that was read back'
	want="$1 $2"
	echo "$want" >"$K/confirmed.new" && sync && line_of "$K/confirmed.new" && [ "$line" = "$want" ] ||
		die 33 'the confirmation could not be kept on flash'
	[ ! -s "$T/session" ] || rpc uci confirm "$(session)" >/dev/null || [ $? -eq 5 ] ||
		die 26 'rpcd refused to confirm'
	mv "$K/confirmed.new" "$K/confirmed" && rm -f "$K/reverted" && sync ||
		die 33 'the confirmation could not be kept on flash'
	mv "$K/armed" "$K/done"; sync
	release
	unlock
	[ ! -x "$R/usr/libexec/kit/sample" ] || "$R/usr/libexec/kit/sample" </dev/null >/dev/null 2>&1 &
}

restore() { # the checkpoint back into place; may be cut and done again
	rm -rf "$K/restore"; mkdir -p "$K/restore"
	tar -C "$K/restore" -xf "$K/old.tar" && sync || return 1
	( cd "$K/restore" && find . -type f ) | while read -r p; do
		folder "$R/$p"; mv -f "$K/restore/$p" "$R/$p"
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
	# the power was cut between the proof and the disarming: then the proof is of what does not run
	! line_of "$K/confirmed" || [ "${line%% *}" != "$run" ] || rm -f "$K/confirmed"
	echo "$run $1" >"$K/reverted.new" && sync && mv "$K/reverted.new" "$K/reverted"; sync
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

identity() {
	say "serial $(serial)"
	say "mac $(mac)"
	say "imei $(imei)"
	say "firmware $(release_name)"
	say "model $(model)"
	missing=
	for need in $NEEDS; do
		command -v "${need%%:*}" >/dev/null 2>&1 || missing="$missing ${need#*:}"
	done
	say "missing$missing"
	kind=ipk; ! command -v apk >/dev/null 2>&1 || kind=apk
	say "packages $kind"
}

settle() { # RUN: a look that ends a run: it may not begin any more
	bar "$1"
	look
}

look() { # all that a plan is made from, with an end marker
	identity
	say "guard $(state)"
	seen=$(sums)
	say "marker $(echo "$seen" | sha256sum | short)"
	echo "$seen" | while read -r sum path; do
		case $path in etc/config/*) ;; *) say "file $path $sum" ;; esac
	done
	[ ! -e "$SELF" ] || sha256sum <"$SELF" | { read -r sum _; say "file usr/libexec/kit/guard $sum"; }
	say export
	for p in $PACKAGES; do [ ! -s "$R/etc/config/$p" ] || echo "export $p"; done | uci batch
}

[ $# -eq 0 ] || {
	verb=$1; shift
	case $verb in
	wait) wait_out "$@" ;;
	*) "$verb" "$@" ;;
	esac
}
