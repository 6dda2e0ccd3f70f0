# What goes to a host goes in one errand: one ssh, one plan and one walk there, with what comes back while it goes on.
load hosts

setup() {
	hosts_begin a b
	fake_yaml >"$WORK/f.yaml"
	cp "$WORK/engine.yaml" "$WORK/fleet.yaml"
	cat >>"$WORK/fleet.yaml" <<-'YAML'
		defaults: {base: ./f.yaml}
		instances:
		  db: {placement: {host: b}}
		  web-{1..3}: {dependsOn: [db], placement: {host: b}}
		  lone: {placement: {host: a}}
	YAML
}

teardown() { hosts_end; }

runs_on() { on "$1" history --json --limit 0 2>/dev/null | wc -l; }

@test "all of a host is one run there, in its order, and its steps are in the history here" {
	run --separate-stderr limactl apply "$WORK/fleet.yaml"
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "$(runs_on b)" = 1 ]
	[ "$(runs_on a)" = 1 ]
	# its machines, one after the other as the file says
	on b history 1 >"$WORK/there"
	[ "$(grep -n ' vm  *db ' "$WORK/there" | cut -d: -f1)" -lt "$(grep -n ' vm  *web-1 ' "$WORK/there" | cut -d: -f1)" ]
	# here they are steps of those hosts, with the time they took, and no measure of what a step takes here
	limactl history 1 >"$WORK/here"
	for name in db web-1 web-2 web-3; do grep -q " vm@b  *$name " "$WORK/here"; done
	grep -q ' vm@a  *lone ' "$WORK/here"
	grep -q ' remote  *web-1 ' "$WORK/here"
	limactl trace 1 | jq -e '[.traceEvents[] | select(.name == "vm@b web-1")] | length >= 1'
	# nothing else was to be done anywhere
	[[ "$(limactl plan "$WORK/fleet.yaml")" == *"Nothing to do: 5 instances are as wanted."* ]]

	# what stops goes the other way round, and what is taken away too
	limactl apply --stopped "$WORK/fleet.yaml"
	[ "$(runs_on b)" = 2 ]
	on b history 2 >"$WORK/there"
	[ "$(grep -n ' vm  *db ' "$WORK/there" | cut -d: -f1)" -gt "$(grep -n ' vm  *web-1 ' "$WORK/there" | cut -d: -f1)" ]
	limactl apply --destroy --allow-data-loss "$WORK/fleet.yaml"
	[ "$(runs_on b)" = 3 ]
	[ -z "$(machines_on a)$(machines_on b)" ]
	[ -z "$(ls "$LIMA_HOME"/_engines/*.member 2>/dev/null)" ]
}

@test "a member that fails fails alone, and what depends on it is left" {
	cat >>"$WORK/fleet.yaml" <<-'YAML'
		  bad: {placement: {host: b}, dependsOn: [db], disk: 8000000TiB}
		  behind: {placement: {host: b}, dependsOn: [bad]}
		  far-behind: {dependsOn: [behind], placement: {host: a}}
	YAML
	run --separate-stderr limactl apply "$WORK/fleet.yaml"
	echo "$stderr"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'`bad` is not as wanted: remote bad: host `b`: disk bad: '* ]]
	[[ "$stderr" == *'`behind`, `far-behind` were left as they are, since they depend on it'* ]]
	[ "$(machines_on a)" = "lone " ]
	[ "$(on b list --format '{{.Status}}' behind)" = Stopped ]
	[ "$(on b list --format '{{.Status}}' db web-1 web-2 web-3 | sort -u)" = Running ]
	# nor does it keep down, or from being made, what it depends on
	run limactl apply --stopped "$WORK/fleet.yaml"
	[ "$status" -eq 1 ]
	[ "$(on b list --format '{{.Status}}' db web-1 web-2 web-3 | sort -u)" = Stopped ]
	# when it can be, it is
	sed -i '/bad:/s/, disk.*/}/' "$WORK/fleet.yaml"
	limactl apply "$WORK/fleet.yaml"
	[[ "$(limactl plan "$WORK/fleet.yaml")" == *"Nothing to do: 8 instances are as wanted."* ]]
}

@test "whoever is cut off in the middle loses nothing: the host goes on, and the next one finds what it did" {
	local pid
	LIMA_HOME=$LIMA_HOME LIMA_FAKE_MACHINE= "$BIN/limactl" apply "$WORK/fleet.yaml" 3>&- &
	pid=$!
	timeout 60 bash -c 'until compgen -G "$1/b/*/lima.yaml" >/dev/null; do sleep 0.02; done' _ "$WORK"
	# the connections, and who asked
	kill -KILL "$pid" $(pgrep -P "$(cat "$WORK/s/b.pid")")
	wait "$pid" || true
	# whatever was noted of a job is there before anybody has heard of it
	grep -q '"key":"[0-9a-f]' "$LIMA_HOME"/_engines/web-1.member
	timeout 120 bash -c 'until [ "$(LIMA_HOME=$1/b "$2/limactl" list --format "{{.Status}}" | grep -c Running)" = 4 ]; do sleep 0.2; done' _ "$WORK" "$BIN"
	[ "$(cut -d' ' -f1 "$WORK"/b/*/engine | sort -u)" = 1 ]
	limactl apply "$WORK/fleet.yaml"
	# nothing was done twice
	[ "$(cut -d' ' -f1 "$WORK"/b/*/engine | sort -u)" = 1 ]
	[ "$(runs_on b)" = 1 ]
	[[ "$(limactl plan "$WORK/fleet.yaml")" == *"Nothing to do"* ]]
	! grep -l '"key":"[^"]' "$LIMA_HOME"/_engines/*.member
}

@test "of one that somebody else has changed meanwhile it is told, and the others of its host converge" {
	limactl apply "$WORK/fleet.yaml"
	# what is planned here rests on another generation of db than there is
	cat >"$WORK/errand" <<-JSON
		{"fleet":"shop","jobs":[
		{"name":"db","goal":"stopped","key":"k1","digest":"d","by":"eve@there","expects":7,"generation":8,"after":[],"text":$(jq -Rs . <"$WORK/b/db/lima.yaml")},
		{"name":"web-1","goal":"stopped","key":"k2","digest":"d","by":"eve@there","expects":1,"generation":2,"after":["db"],"text":$(jq -Rs . <"$WORK/b/web-1/lima.yaml")},
		{"name":"../x","goal":"absent","key":"k3","digest":"d","by":"eve@there","expects":0,"generation":1,"after":[]},
		{"name":"gone","goal":"absent","key":"k4","digest":"d","by":"eve@there","expects":0,"generation":1,"after":[]}]}
	JSON
	run -3 --separate-stderr on b --log-format json engine-apply <"$WORK/errand"
	echo "$stderr"
	jq -s -e 'map(select(.job)) | map({(.job): .end}) | add == {"db": "stale", "web-1": "done", "../x": "failed", "gone": "done"}' <<<"$stderr"
	jq -s -e 'any(.[]; .job == "db" and (.error | contains("is of generation 1 by now")))' <<<"$stderr"
	[ "$(on b list --format '{{.Status}}' db web-1 | tr '\n' ' ')" = "Running Stopped " ]
	run on b engine-apply <<<'{"fleet":"x"}'
	[ "$status" -eq 1 ]
	[[ "$output" == *"standard input: is no errand of a fleet's engine"* ]]
}

@test "across hosts what depends on another comes up behind it, and goes down in front of it" {
	sed -i '/lone:/s/{p/{dependsOn: [web], p/' "$WORK/fleet.yaml"
	limactl apply "$WORK/fleet.yaml"
	limactl apply --stopped "$WORK/fleet.yaml"
	limactl apply "$WORK/fleet.yaml"
	place() { limactl history "$1" | grep -n " $2  *$3 " | head -1 | cut -d: -f1; }
	for run in 1 3; do [ "$(place $run vm@a lone)" -gt "$(place $run vm@b web-3)" ]; done
	[ "$(place 2 vm@a lone)" -lt "$(place 2 vm@b web-1)" ]
	[ "$(place 2 vm@b web-1)" -lt "$(place 2 vm@b db)" ]
	# the host knows by itself what depends on what
	on b stop db web-1
	on b history 4 >"$WORK/there"
	[ "$(grep -n ' vm  *db ' "$WORK/there" | cut -d: -f1)" -gt "$(grep -n ' vm  *web-1 ' "$WORK/there" | cut -d: -f1)" ]
}

@test "six hosts are busy at the same time" {
	local h
	hosts_end
	hosts_begin a b c d e f
	fake_yaml >"$WORK/f.yaml"
	mkdir "$WORK/gate" "$WORK/bin"
	# an errand goes on when all six are there
	cat >"$WORK/bin/limactl" <<-SH
		#!/bin/sh
		case " \$* " in *" engine-apply "*)
			touch "$WORK/gate/\$\$"
			for i in \$(seq 600); do [ "\$(ls "$WORK/gate" | wc -l)" -lt 6 ] || break; sleep 0.1; done
			[ "\$(ls "$WORK/gate" | wc -l)" -ge 6 ] || { echo "there are not six" >&2; exit 1; } ;;
		esac
		exec "$BIN/limactl" "\$@"
	SH
	chmod +x "$WORK/bin/limactl"
	{
		cat "$WORK/engine.yaml"
		printf 'defaults: {base: ./f.yaml}\ninstances:\n'
		for h in a b c d e f; do printf '  in-%s: {placement: {host: %s}}\n' "$h" "$h"; done
	} >"$WORK/fleet.yaml"
	for h in a b c d e f; do
		host_down "$h"
		HOST_BIN=$WORK/bin host_up "$h"
	done
	LIMIT=120 limactl apply "$WORK/fleet.yaml"
	[[ "$(limactl plan "$WORK/fleet.yaml")" == *"Nothing to do: 6 instances are as wanted."* ]]
}

@test "of two who apply at the very same moment one has it, and the other one is told what moved, and by whom" {
	local round pid before mine theirs
	sed -i '/web-/d; /lone:/d' "$WORK/fleet.yaml"
	# on that host an errand waits until there is another one: so each rests on what was before both
	mkdir "$WORK/gate" "$WORK/bin" "$WORK/h2"
	cat >"$WORK/bin/limactl" <<-SH
		#!/bin/sh
		case " \$* " in *" engine-apply "*)
			touch "$WORK/gate/\$\$"
			until [ -e "$WORK/open" ] || [ "\$(ls "$WORK/gate" | wc -l)" -ge 2 ]; do sleep 0.05; done ;;
		esac
		exec "$BIN/limactl" "\$@"
	SH
	chmod +x "$WORK/bin/limactl"
	host_down b
	HOST_BIN=$WORK/bin host_up b
	touch "$WORK/open"
	limactl apply "$WORK/fleet.yaml"
	for round in 1 2 3; do
		for who in mine theirs; do sed "/db:/s/{placement/{message: $who-$round, placement/" "$WORK/fleet.yaml" >"$WORK/$who.yaml"; done
		before=$(cut -d' ' -f1 "$WORK/b/db/engine")
		rm -f "$WORK/open" "$WORK"/gate/*
		mine=0 theirs=0
		USER=eve LIMA_HOME=$WORK/h2 LIMA_FAKE_MACHINE= timeout 60 "$BIN/limactl" apply "$WORK/theirs.yaml" >"$WORK/theirs" 2>&1 3>&- &
		pid=$!
		USER=bob limactl apply "$WORK/mine.yaml" >"$WORK/mine" 2>&1 || mine=$?
		wait "$pid" || theirs=$?
		cat "$WORK/mine" "$WORK/theirs"
		[[ "$mine $theirs" =~ ^(0 3|3 0)$ ]]
		[ "$(cut -d' ' -f1 "$WORK/b/db/engine")" -eq $((before + 1)) ]
		if [ "$mine" = 3 ]; then
			grep -q "is of generation $((before + 1)) by now, which eve@.* applied, and this rests on $before; plan again" "$WORK/mine"
			grep -q "message: theirs-$round" "$WORK/b/db/lima.yaml"
		else
			grep -q "is of generation $((before + 1)) by now, which bob@.* applied, and this rests on $before; plan again" "$WORK/theirs"
			grep -q "message: mine-$round" "$WORK/b/db/lima.yaml"
		fi
		# planned again, it is done
		touch "$WORK/open"
		limactl apply "$WORK/mine.yaml"
		grep -q "message: mine-$round" "$WORK/b/db/lima.yaml"
	done
}
