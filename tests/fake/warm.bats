# warmStart: a machine that is saved in its boot, and others that begin from it: killed, cut, changed and swapped on the way.
load helper
load kills

setup_file() { kills_file; }

setup() {
	home_begin
	{ fake_yaml; echo 'warmStart: true'; } >"$WORK/f.yaml"
	export FAKE="--ready-ms 150"
}

teardown() {
	[ -z "$SMALL" ] || umount "$SMALL"
	home_end
}

new() { limactl start --tty=false --name "$1" "$WORK/f.yaml"; }
saved() { compgen -G "$LIMA_HOME/_machines/*[0-9a-f]" || true; }
held() { [ "$(tell "$1" held)" = "ok $2" ] && [ "$(tell "$1" stand)" = "ok runs" ]; }
random_of() { local told; told=$(tell "$1" renewed); [[ "$told" =~ random\ ([0-9a-f]{64}) ]] && echo "${BASH_REMATCH[1]}"; }
mac_of() { local told; told=$(tell "$1" renewed); [[ "$told" =~ mac\ ([0-9a-f:]{17}) ]] && echo "${BASH_REMATCH[1]}"; }
settled() { limactl plan "$1" | grep -q 'Nothing to do'; }
# nothing of its first start is left
over() { [ ! -e "$LIMA_HOME/$1/warm" ] && [ ! -e "$LIMA_HOME/$1/warm.memory" ] && [ -n "$(random_of "$1")" ] && settled "$1"; }
sum_of_saved() { cat "$(saved)"/{memory,disk} | sha256sum; }

# the first of its kind, which holds $1 in its memory
first() {
	FAKE="$FAKE --holds $1" new first
	over first
	[ -n "$(saved)" ]
	sum=$(sum_of_saved)
}

# start says $1, and boots
cold() {
	run new "$2"
	[ "$status" -eq 0 ] && [[ "$output" == *$1* ]] || { echo "$output"; return 1; }
	held "$2" ""
	settled "$2"
	limactl delete -f "$2"
}

@test "the first is saved and goes on, the next ones begin from it, as others" {
	run limactl plan "$WORK/f.yaml"
	[[ "$output" == *"f: boots, and is saved on the way for later ones, if its guest can wait for that"* ]] || { echo "$output"; false; }
	first answer
	held first answer
	[ "$(stat -c %a "$(saved)" "$(saved)/memory" "$(saved)/disk" | xargs)" = "700 600 444" ]
	run limactl plan "$WORK/f.yaml"
	[[ "$output" == *"f: restored from a saved machine, identities renewed"* ]] || { echo "$output"; false; }
	for n in a b; do
		run new $n
		[ "$status" -eq 0 ] && [[ "$output" == *"$n: restored from a saved machine in "*" s, identities renewed"* ]] || { echo "$output"; false; }
		held $n answer
		over $n
	done
	run limactl plan "$WORK/f.yaml"
	[[ "$output" == *"f: restored from a saved machine ("*" s the last time), identities renewed"* ]] || { echo "$output"; false; }
	limactl plan --json "$WORK/f.yaml" | grep -q '"starts":{"f":{"how":"restored","machine":"'"$(basename "$(saved)")"'"}}'
	[ "$(for n in first a b; do random_of $n; done | sort -u | wc -l)" -eq 3 ]
	[ "$(for n in first a b; do mac_of $n; done | sort -u | wc -l)" -eq 3 ]
	[ "$sum" = "$(sum_of_saved)" ]
	# what they began from may go
	rm -rf "$LIMA_HOME/_machines"
	limactl stop a
	limactl start a
	held a ""
	settled a
}

@test "created, and started later; what changed in between boots" {
	first answer
	limactl create --tty=false --name a "$WORK/f.yaml"
	run limactl plan --set '.message="x"' a
	limactl start a
	held a answer
	over a
	limactl create --tty=false --name b "$WORK/f.yaml"
	limactl edit --set '.memory="128MiB"' b
	limactl start b
	held b ""
	limactl create --tty=false --name c "$WORK/f.yaml"
	echo more >>"$LIMA_HOME/c/disk"
	limactl start c
	held c ""
	[ ! -e "$LIMA_HOME/b/warm" ]
	[ ! -e "$LIMA_HOME/c/warm.memory" ]
	# a disk that somebody wrote to is nobody else's
	rm -rf "$LIMA_HOME/_machines"
	limactl create --tty=false --name d "$WORK/f.yaml"
	echo secret >>"$LIMA_HOME/d/disk"
	limactl start d
	[ -z "$(saved)" ]
	settled d
}

@test "a machine of other parts is another one" {
	first answer
	sed -i 's/^cpus: 1/cpus: 2/' "$WORK/f.yaml"
	FAKE="$FAKE --holds two" new two
	held two two
	[ "$(saved | wc -l)" -eq 2 ]
	sed -i 's/^cpus: 2/cpus: 1/' "$WORK/f.yaml"
	new a
	held a answer
}

@test "one bit, a piece less, another's memory, another's disk: it boots, and says why" {
	local kept=$WORK/kept s
	first answer
	s=$(saved)
	cp -a "$s" "$kept"
	back() { rm -rf "$s"; cp -a "$kept" "$s"; }
	printf '\x01' | dd of="$s/memory" bs=1 seek=100000 conv=notrunc status=none
	cold "not restored from the saved machine, it boots instead: "*"it has been changed since it was written" a
	[ ! -e "$s" ]
	back
	truncate -s 200000 "$s/memory"
	cold "it is not as long as it was written" b
	back
	truncate -s 100 "$s/memory"
	cold "the saved machine is not used, and another one is saved: "*"it is cut off" c
	back
	touch "$s/disk"
	cold "the saved machine is not used, and another one is saved: "*"not the disk that was saved with it" d
	back
	rm "$s/disk"
	cold "not the disk that was saved with it" e
	back
	rm "$s/memory"
	cold "" f
	# another machine's, whole: its parts differ
	back
	sed -i 's/^cpus: 1/cpus: 2/; s/^memory: .*/memory: 65MiB/' "$WORK/f.yaml"
	FAKE="$FAKE --up-ms 1" new g
	sed -i 's/^cpus: 2/cpus: 1/; s/^memory: .*/memory: 64MiB/' "$WORK/f.yaml"
	for other in $(saved); do [ "$other" = "$s" ] || cp -p "$other"/* "$s"; done
	cold "it was a machine of other parts" h
	back
	new i
	held i answer
}

@test "saved by another version: it boots, and the next one saves another" {
	first answer
	LIMA_FAKE_VERSION="fake 2" cold "it was saved by fake 1, and this is fake 2" a
	[ -z "$(saved)" ]
	LIMA_FAKE_VERSION="fake 2" FAKE="$FAKE --holds two" new b
	LIMA_FAKE_VERSION="fake 2" new c
	held c two
}

@test "a clock that was ahead when it was saved, and is set back: they begin from it, and have the time that it is now" {
	first answer
	touch -d '10 years' "$(saved)/memory"
	run limactl plan "$WORK/f.yaml"
	[[ "$output" == *"f: restored from a saved machine, identities renewed"* ]] || { echo "$output"; false; }
	before=$(date +%s)
	new a
	held a answer
	over a
	[[ "$(tell a renewed)" =~ time\ ([0-9]+)\. ]]
	[ "${BASH_REMATCH[1]}" -ge "$before" ]
	[ "${BASH_REMATCH[1]}" -le "$(date +%s)" ]
	limactl prune --dry-run | grep "machine *$(basename "$(saved)")"
	[ "$sum" = "$(sum_of_saved)" ]
}

@test "more of them than there is memory for: the plan says so, and what is begun nevertheless runs" {
	local mib files=()
	mib=$(awk '/^MemAvailable/ { print int($2 / 1024 / 10) }' /proc/meminfo)
	sed -i "s/^memory: .*/memory: ${mib}MiB/" "$WORK/f.yaml"
	first answer
	for n in {1..20}; do
		cp "$WORK/f.yaml" "$WORK/c$n.yaml"
		files+=("$WORK/c$n.yaml")
	done
	run limactl plan "${files[@]}"
	[ "$status" -eq 0 ]
	[[ "$output" == *"the machines that are started want "*" of memory, and "*" is free"* ]] || { echo "$output"; false; }
	[ "$(grep -c 'restored from a saved machine' <<<"$output")" -eq 20 ] || { echo "$output"; false; }
	limactl apply "${files[@]:0:3}"
	for n in c1 c2 c3; do held $n answer; over $n; done
	[ "$(saved | wc -l)" -eq 1 ]
}

@test "what cannot be had is told by the plan, and boots" {
	told() {
		run limactl plan --set "$1" "$WORK/f.yaml"
		[[ "$output" == *"f: starts cold, in spite of \`warmStart\`: $2"* ]] || { echo "$output"; return 1; }
	}
	limactl disk create d --size 4MiB --format raw
	told '.additionalDisks=["d"]' "it has \`additionalDisks\`"
	told '.networks=[{"lima":"user-v2"}]' "it has \`networks\`"
	told '.diskMode="overlay"' "\`diskMode: overlay\`"
	told '.video.display="vnc"' "it has a screen"
	limactl plan --json --set '.diskMode="overlay"' "$WORK/f.yaml" | grep -q '"starts":{"f":{"how":"cold","why":"'
	limactl start --tty=false --set '.diskMode="overlay"' "$WORK/f.yaml"
	settled f
	[ -z "$(saved)" ]
}

@test "--warm, --set and a fleet's defaults ask for it, too" {
	sed -i '/^warmStart/d' "$WORK/f.yaml"
	FAKE="$FAKE --holds answer" limactl start --tty=false --warm --name a "$WORK/f.yaml"
	limactl apply --set '.warmStart=true' --name b "$WORK/f.yaml"
	held b answer
	mkdir "$WORK/many"
	{ echo "defaults:"; sed 's/^/  /' "$WORK/f.yaml"; echo "  warmStart: true"; printf 'instances:\n  web-{1..3}: {}\n'; } >"$WORK/many/fleet.yaml"
	limactl apply "$WORK/many"
	for n in 1 2 3; do held web-$n answer; over web-$n; done
	[ "$(for n in 1 2 3; do random_of web-$n; done | sort -u | wc -l)" -eq 3 ]
	[ "$(saved | wc -l)" -eq 1 ]
}

@test "a guest that does not say that it is another one is not READY, until it does" {
	first answer
	FAKE="$FAKE --unrenewed" "$BIN/limactl" create --tty=false --name a "$WORK/f.yaml"
	LIMA_FAKE_MACHINE="--ready-ms 150 --unrenewed" timeout 3 "$BIN/limactl" start a >/dev/null 2>&1 || true
	[ -e "$LIMA_HOME/a/warm" ]
	run limactl plan a
	[[ "$output" != *"Nothing to do"* ]]
	kill -9 "$(cat "$LIMA_HOME/a/fake.pid")"
	limactl start a
	held a ""
	[ ! -e "$LIMA_HOME/a/warm" ]
	settled a
}

@test "suspend, stop, snapshot and clone know those that began so" {
	first answer
	new a
	tell a "hold more"
	limactl suspend a
	limactl start a
	held a more
	limactl stop a
	limactl clone --tty=false a b
	limactl start b
	held b ""
	limactl create --tty=false --name c "$WORK/f.yaml"
	limactl clone --tty=false c d
	[ ! -e "$LIMA_HOME/d/warm" ]
	[ ! -e "$LIMA_HOME/d/warm.memory" ]
	limactl start d
	held d ""
	limactl factory-reset a
	limactl start a
	held a answer
}

@test "prune takes them, and what began from them goes on" {
	first answer
	new a
	limactl create --tty=false --name b "$WORK/f.yaml"
	limactl prune --keep-referred
	[ -n "$(saved)" ]
	limactl prune --dry-run | grep "machine *$(basename "$(saved)")"
	limactl prune
	[ -z "$(saved)" ]
	limactl start b
	held b answer
	settled a
}

# what was begun comes to its end: it runs, and was told what it is, or has booted as any other
converges() {
	limactl apply --name "$1" "$WORK/f.yaml" >"$WORK/log" 2>&1 || { cat "$WORK/log"; return 1; }
	[ "$(status_of "$1")" = Running ] && [ "$(tell "$1" stand)" = "ok runs" ]
	[ ! -e "$LIMA_HOME/$1/warm" ] && [ ! -e "$LIMA_HOME/$1/warm.memory" ]
	settled "$1"
}

@test "prune --max-size: first those that were not used for the longest time, and none in use" {
	local one two three size
	one_more() { comm -13 <(printf '%s\n' "$@" | sort) <(saved | sort); }
	first answer
	one=$(saved)
	sed -i 's/^cpus: 1/cpus: 2/' "$WORK/f.yaml"
	new two
	two=$(one_more "$one")
	sed -i 's/^cpus: 2/cpus: 3/' "$WORK/f.yaml"
	new three
	three=$(one_more "$one" "$two")
	[ -n "$one" ]
	[ -n "$two" ]
	[ -n "$three" ]
	touch -d '3 days ago' "$one"/{memory,took} "$three"/memory 2>/dev/null || true
	touch -d '2 days ago' "$two/memory"
	touch -d '1 day ago' "$three/memory"
	size=$(limactl prune --dry-run --max-size 1 | grep -c 'machine')
	[ "$size" -eq 3 ]
	limactl prune --max-size 1TiB
	[ "$(saved | wc -l)" -eq 3 ]
	# room for two of them
	limactl prune --max-size "$(($(du -sB1 "$two" "$three" | awk '{ n += $1 } END { print n }') + 4096))"
	[ ! -e "$one" ]
	[ -e "$two" ]
	[ -e "$three" ]
	# one is about to begin from it
	sed -i 's/^cpus: 3/cpus: 2/' "$WORK/f.yaml"
	limactl create --tty=false --name waits "$WORK/f.yaml"
	limactl prune --max-size 1
	[ -e "$two" ]
	[ ! -e "$three" ]
	limactl start waits
	settled waits
	run limactl prune --max-size 0
	[ "$status" -ne 0 ]
	[[ "$output" == *"--max-size: more than zero, please"* ]]
	run limactl prune --max-size lots
	[ "$status" -ne 0 ]
	[[ "$output" == *"--max-size: "* ]]
}

@test "a machine that stands still to be saved, for as long as that takes, is not one that will not come up" {
	FAKE="$FAKE --memory-kib 192 --slow-ms 3500 --holds answer" new first
	over first
	! grep "will not come up" "$LIMA_HOME/first/ha.stderr.log" || false
	[ -n "$(saved)" ]
}

@test "what a guest has read before it waits makes another of it, what it reads later does not" {
	another() {
		run limactl plan --set "$1" "$WORK/f.yaml"
		[[ "$output" == *"f: boots, and is saved on the way"* ]] || { echo "$1: $output"; return 1; }
	}
	same() {
		run limactl plan --set "$1" "$WORK/f.yaml"
		[[ "$output" == *"f: restored from a saved machine"* ]] || { echo "$1: $output"; return 1; }
	}
	first answer
	another '.user.comment="Somebody Else"'
	another '.env.X="y"'
	another '.provision=[{"mode":"boot","script":"true"}]'
	another '.provision=[{"mode":"dependency","script":"true"}]'
	another '.guestInstallPrefix="/opt"'
	same '.message="hello"'
	same '.provision=[{"mode":"system","script":"true"}]'
	same '.portForwards=[{"guestPort":80,"hostPort":8080,"static":true}]'
}

@test "killed at a boundary of a step" {
	FAKE="--ready-ms 50"
	for n in {1..60}; do
		rm -rf "$LIMA_HOME/_machines"
		killed_at "$n" start --tty=false --name a "$WORK/f.yaml" || break
		lose_database "$n"
		converges a
		limactl delete -f a
	done
	[ "$n" -gt 5 ]
	[ "$n" -lt 60 ]
	limactl delete -f a
	first answer
	for n in {1..60}; do
		killed_at "$n" start --tty=false --name a "$WORK/f.yaml" || break
		lose_database "$n"
		converges a
		limactl delete -f a
	done
	[ "$n" -gt 5 ]
	[ "$n" -lt 60 ]
	[ "$sum" = "$(sum_of_saved)" ]
}

@test "killed at any call of the first start: it converges, and what is saved is whole or not there" {
	FAKE="--ready-ms 300 --holds answer"
	limactl create --tty=false --name a "$WORK/f.yaml"
	for n in {1..200}; do
		rm -rf "$LIMA_HOME/_machines"
		killed_in "$n" "$LIMA_HOME" start a || break
		converges a
		if [ -n "$(saved)" ] && [ $((n % 3)) -eq 0 ]; then
			new b
			held b answer
			limactl delete -f b
		fi
		limactl delete -f a
		limactl create --tty=false --name a "$WORK/f.yaml"
	done
	[ "$n" -gt 10 ]
	[ "$n" -lt 200 ]
	over a
	[ -z "$(find "$LIMA_HOME/_machines" -name '*.lock')" ]
	echo "first start: killed at $n calls" >&3
}

@test "killed at any call of a start from it: it converges" {
	FAKE="--ready-ms 50"
	first answer
	for n in {1..200}; do
		limactl create --tty=false --name a "$WORK/f.yaml"
		killed_in "$n" "$LIMA_HOME" start a || break
		converges a
		# it has not booted behind the back of what was saved: it is that one, and was told what it is
		held a answer
		[ -n "$(random_of a)" ]
		limactl delete -f a
	done
	[ "$n" -gt 10 ]
	[ "$n" -lt 200 ]
	over a
	[ "$sum" = "$(sum_of_saved)" ]
	echo "start from it: killed at $n calls" >&3
}

@test "agent and machine killed while it waits" {
	first answer
	for who in ha fake; do
		limactl create --tty=false --name a "$WORK/f.yaml"
		LIMA_FAKE_MACHINE="--ready-ms 150 --unrenewed" "$BIN/limactl" start a >/dev/null 2>&1 3>&- &
		pid=$!
		for _ in {1..300}; do grep -q parked "$LIMA_HOME/a/warm" && break; sleep 0.02; done
		kill -9 $pid "$(cat "$LIMA_HOME/a/$who.pid")"
		wait $pid || true
		[ $who = fake ] || kill -9 "$(cat "$LIMA_HOME/a/fake.pid")"
		converges a
		limactl delete -f a
	done
}

@test "a machine that dies while it takes its memory boots instead" {
	first answer
	limactl create --tty=false --name a "$WORK/f.yaml"
	FAKE="--ready-ms 50 --memory-kib 1" run limactl start a
	[ "$status" -eq 0 ] && [[ "$output" == *"a: not restored from the saved machine, it boots instead"* ]] || { echo "$output"; false; }
	held a ""
	settled a
}

@test "one that cannot be saved goes on" {
	FAKE="$FAKE --unsaved" run new a
	[ "$status" -eq 0 ] && [[ "$output" == *"a: the machine was not saved for later ones, and goes on: the fake machine: no the memory has not been said to its end"* ]] || { echo "$output"; false; }
	over a
	[ -z "$(find "$LIMA_HOME/_machines" -mindepth 1)" ]
}

@test "a full disk in the middle of it: the machine goes on, and nothing is left" {
	SMALL=$WORK/small && mkdir "$SMALL" && mount -t tmpfs -o size=11m tmpfs "$SMALL"
	LIMA_HOME=$SMALL FAKE="$FAKE --memory-kib 12288" run new a
	[ "$status" -eq 0 ] && [[ "$output" == *"a: the machine was not saved for later ones, and goes on: "*"o space left on device"* ]] || { echo "$output"; false; }
	LIMA_HOME=$SMALL over a
	[ -z "$(find "$SMALL/_machines" -mindepth 1)" ]
	LIMA_HOME=$SMALL limactl delete -f a
}

@test "several of a kind at once, before there is one and after" {
	for n in a b c; do new $n 3>&- & done
	wait
	for n in a b c; do over $n; done
	[ "$(saved | wc -l)" -eq 1 ]
	for n in d e f; do new $n 3>&- & done
	wait
	for n in d e f; do over $n; done
	[ "$(for n in a b c d e f; do random_of $n; done | sort -u | wc -l)" -eq 6 ]
}
