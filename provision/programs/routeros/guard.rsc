# The words of a confirmed commit on RouterOS. Parts begin at `# == NAME`; lines of a part that goes
# over SSH at once are joined by semicolons. The way back is a backup on flash under a one-time
# password, loaded by two scheduler jobs that were added after it was saved: one at the end of the
# window, one at the next start (a job with an interval does not run at startup). The script entry
# `kit-mark` names the last whole change; it is part of the configuration, so it goes back with it.
# Its comment is the run, and `confirmed` before it once the run was confirmed.
# A run that another one has ended is barred by an empty file of its name: it is asked for before the guard is armed and
# after, and whoever bars looks for the guard after that, so that one of the two sees the other.
# Refusals: 21 another guard, 23 flash full, 24 no way back, 27 another run has ended this one, 31 not armed by this run.

# == bar
:local kept ""
:if ([:len [/file find name="flash"]] > 0) do={:set kept "flash/"}
:if ([:len [/file find where name~"kit-barred-{{ run }}"]] = 0) do={/file print file=($kept . "kit-barred-{{ run }}")}
:if ([:len [/file find where name~"kit-barred-{{ run }}"]] = 0) do={:put "#kit refused the run could not be barred"; :put "#kit code 34"; :error "kit"}

# == look
:foreach i in=[/file find name="kit-change.rsc"] do={/file remove $i}
:put ("#kit serial " . [/system routerboard get serial-number])
:put ("#kit model " . [/system routerboard get model])
:put ("#kit firmware " . [/system resource get version])
:put ("#kit mac " . [/interface ethernet get [find default-name=ether1] mac-address])
:do {:local m [/interface lte {{ "monitor" if has.monitor else "info" }} [find] once as-value]; :put ("#kit operator " . ($m->"current-operator")); :put ("#kit registration " . ($m->"{{ "status" if has.monitor else "registration-status" }}"))} on-error={}
:foreach i in=[/system scheduler find name="kit-undo"] do={:put ("#kit armed " . [/system scheduler get $i comment])}
:foreach i in=[/file find where name~"kit-undo-"] do={:put ("#kit left " . [/file get $i name])}
:foreach i in=[/system script find name="kit-mark"] do={:put ("#kit mark " . [/system script get $i comment])}
:put "#kit export"
/export terse{{ "" if has.hides else " hide-sensitive" }}
:put "\n#kit end {{ nonce }}"

# == arm
:if ([:len [/file find where name~"kit-barred-{{ run }}"]] > 0) do={:put "#kit refused another run has ended {{ run }}"; :put "#kit code 27"; :error "kit"}
:if ([:len [/system scheduler find where name~"^kit-undo"]] > 0) do={:put "#kit refused another guard is armed"; :put "#kit code 21"; :error "kit"}
{% if has.device_mode %}
:if ([/system device-mode get scheduler] = false) do={:put "#kit refused device-mode forbids the scheduler: /system device-mode update scheduler=yes, then press the button"; :put "#kit code 24"; :error "kit"}
{% endif %}
:if ([/system resource get free-hdd-space] < {{ free_bytes }}) do={:put "#kit refused flash full"; :put "#kit code 23"; :error "kit"}
:foreach i in=[/file find where name~"kit-undo-"] do={/file remove $i}
:local at ""
:if ([:len [/file find name="flash"]] > 0) do={:set at "flash/"}
/system backup save name=($at . "kit-undo-{{ run }}") password={{ password }} encryption=aes-sha256
:if ([:len [/file find name=($at . "kit-undo-{{ run }}.backup")]] = 0) do={:put "#kit refused the backup could not be kept"; :put "#kit code 24"; :error "kit"}
:local load ("/system backup load name=" . $at . "kit-undo-{{ run }}.backup password={{ password }}")
:local why (":do {/file print file=" . $at . "kit-undo-{{ run }}-")
/system scheduler add comment={{ run }} name=kit-undo interval={{ window_s }}s policy={{ policy }} on-event=($why . "timer} on-error={}; " . $load)
/system scheduler add comment={{ run }} name=kit-undo-boot start-time=startup interval=0s policy={{ policy }} on-event=($why . "boot} on-error={}; " . $load)
:if ([:len [/system scheduler find where name~"^kit-undo" comment={{ run }}]] != 2) do={:put "#kit refused the guard does not read back"; :put "#kit code 24"; :error "kit"}
:if ([:len [/file find where name~"kit-barred-{{ run }}"]] > 0) do={/system scheduler remove [find where name~"^kit-undo"]; :put "#kit refused another run has ended {{ run }}"; :put "#kit code 27"; :error "kit"}
:put "#kit armed {{ run }}"

# == done
/system script remove [find name="kit-mark"]
/system script add name=kit-mark comment={{ run }} source=""
:put "#kit done {{ nonce }}"

# == finish
:if ([:len [/system scheduler find name="kit-undo" comment={{ run }}]] = 0) do={:put "#kit refused not armed by {{ run }}"; :put "#kit code 31"; :error "kit"}
{{ closing }}
/system script set [find name="kit-mark"] comment="confirmed {{ run }}"
/system scheduler remove [find where name~"^kit-undo"]
:foreach i in=[/file find where name~"kit-undo-"] do={/file remove $i}
:put "#kit code 0"
:put "#kit end {{ nonce }}"

# == revert
:if ([:len [/system scheduler find name="kit-undo" comment={{ run }}]] = 0) do={:put "#kit refused not armed by {{ run }}"; :put "#kit code 31"; :error "kit"}
:execute [/system scheduler get [find name="kit-undo"] on-event]
:put "#kit code 0"
:put "#kit end {{ nonce }}"
