# A machine put aside with what it holds in its memory, and resumed, once: killed, cut, changed and taken for another one on the way.
load helper
load kills

setup_file() { kills_file; }

setup() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
}

teardown() {
	[ -z "$SMALL" ] || umount "$SMALL"
	home_end
}

machine() { cat "$LIMA_HOME/f/fake.pid"; }
sum_of() { sha256sum <"$LIMA_HOME/f/$1"; }
held() { [ "$(tell f held)" = "ok $1" ] && [ "$(tell f stand)" = "ok runs" ]; }
settled() { limactl plan | grep -q 'Nothing to do'; }

begin() {
	limactl apply "$WORK/f.yaml"
	tell f "hold the answer"
}

suspended() {
	begin
	limactl suspend f
	sum=$(sum_of memory)
}

# start says $1, and leaves what was put aside as it is
start_refused() {
	run limactl start f
	[ "$status" -ne 0 ] && [[ "$output" == *"$1"* ]] && [[ "$output" == *'`limactl stop --force f` gives'* ]] || { echo "$output"; return 1; }
	[ "$(status_of f)" = Suspended ]
	nobody
}

# whatever was killed: started, it is the same guest, and nothing is left
start_and_held() {
	limactl start f >"$WORK/log" 2>&1 || { cat "$WORK/log"; return 1; }
	held "the answer" || { tell f held; tell f stand; return 1; }
	[ -z "$(find "$LIMA_HOME/f" -name 'memory*')" ]
	[ "$(status_of f)" = Running ]
	settled
}

@test "what it holds is there again, and once only" {
	begin
	old=$(machine)
	limactl suspend f
	nobody
	[ "$(status_of f)" = Suspended ]
	[ "$(stat -c %a "$LIMA_HOME/f/memory")" = 600 ]
	[ -z "$(find "$LIMA_HOME/f" -name '*.tmp')" ]
	settled
	limactl start f
	[ "$(machine)" != "$old" ]
	held "the answer"
	[ "$(status_of f)" = Running ]
	[ ! -e "$LIMA_HOME/f/memory" ]
	settled
	# the one after is cold
	limactl stop f
	limactl start f
	held ""
}

# the row "limactl that suspends or resumes"
@test "who suspends has what the user has, nobody can speak to it, and a guest that says nothing can be left" {
	begin
	kill -STOP "$(machine)"
	"$BIN/limactl" suspend f >"$WORK/log" 2>&1 3>&- &
	pid=$!
	timeout 20 sh -c 'until ls "$1/_state/f.lock" >/dev/null 2>&1 && grep -q . "/proc/$2/cmdline"; do sleep 0.05; done' _ "$LIMA_HOME" "$pid"
	[ "$(awk '$1 ~ /^(Uid|CapEff):/' "/proc/$pid/status")" = "$(awk '$1 ~ /^(Uid|CapEff):/' "/proc/$$/status")" ]
	! ss -Hltnup | grep "pid=$pid," || false
	kill -CONT "$(machine)"
	wait "$pid"
	[ "$(status_of f)" = Suspended ]
	start_and_held
}

@test "stop --suspend is the same; by force and with a time it is nothing; twice it is said" {
	begin
	run ! limactl stop --suspend --force f
	[[ "$output" == *"--suspend: the guest is not shut down"* ]]
	run ! limactl stop --suspend --timeout 3s f
	limactl stop --suspend f
	run ! limactl suspend f
	[[ "$output" == *'instance `f` is suspended already'* ]]
	run ! limactl stop f
	[[ "$output" == *'instance `f` is suspended: `limactl start f` resumes it'* ]]
	run ! limactl suspend g
	start_and_held
}

@test "limactl of another version resumes it, with what it was started with" {
	mkdir -p "$WORK/newer/share/lima"
	cp -aL "$BIN/../bin" "$BIN/../libexec" "$WORK/newer"
	cp -aL "$BIN"/../share/lima/[!g]* "$WORK/newer/share/lima"
	suspended
	disk=$(sum_of cidata.iso)
	# a boot script is another one
	sed -i '1s/^......../00000000/' "$WORK/newer/share/lima/cidata/list"
	BIN=$WORK/newer/bin
	settled
	start_and_held
	[ "$disk" = "$(sum_of cidata.iso)" ]
	limactl suspend f
	limactl stop --force f
	run limactl plan f
	limactl start f
	[ "$disk" != "$(sum_of cidata.iso)" ]
}

@test "without the database it is suspended, and resumed, all the same" {
	suspended
	rm -rf "$LIMA_HOME/_state"
	[ "$(status_of f)" = Suspended ]
	settled
	rm -rf "$LIMA_HOME/_state"
	start_and_held
}

@test "a home that was moved says where its suspended machine was, and resumes it there" {
	suspended
	mv "$LIMA_HOME" "$WORK/moved"
	for verb in start plan; do
		LIMA_HOME=$WORK/moved run ! limactl $verb f
		[[ "$output" == *"it was suspended in $LIMA_HOME/f: only there, when it is moved back, \`limactl start f\` resumes it; \`limactl stop --force f\` gives its memory up"* ]] || { echo "$output"; false; }
	done
	mv "$WORK/moved" "$LIMA_HOME"
	[ "$sum" = "$(sum_of memory)" ]
	start_and_held
}

@test "a lima.yaml that changed is planned, and refused, until it is as it was" {
	suspended
	sed -i 's/^cpus: 1/cpus: 2/' "$LIMA_HOME/f/lima.yaml"
	run ! limactl plan --set '.message="x"' f
	[[ "$output" == *"vm f: would be lost (cpus: 1 -> 2); it is suspended: as it was, "*"resumes it"* ]] || { echo "$output"; false; }
	run ! limactl start f
	[[ "$output" == *"vm f: would be lost"* ]]
	[ "$sum" = "$(sum_of memory)" ]
	run ! limactl edit --set '.memory="128MiB"' f
	[ "$sum" = "$(sum_of memory)" ]
	sed -i 's/^cpus: 2/cpus: 1/' "$LIMA_HOME/f/lima.yaml"
	# what needs no restart can change
	limactl edit --set '.message="hello"' f
	start_and_held
}

@test "one bit, a piece less, a byte more, another's: it is refused, and nothing is lost" {
	suspended
	cp -p "$LIMA_HOME/f/memory" "$WORK/kept"
	printf '\x01' | dd of="$LIMA_HOME/f/memory" bs=1 seek=100000 conv=notrunc status=none
	start_refused "it has been changed since it was written"
	cp "$WORK/kept" "$LIMA_HOME/f/memory"
	sed -i '1,3s/fake 1/fake 2/' "$LIMA_HOME/f/memory"
	start_refused "its head has been changed since it was written"
	for size in 100 65535 65536 200000; do
		cp "$WORK/kept" "$LIMA_HOME/f/memory"
		truncate -s $size "$LIMA_HOME/f/memory"
		start_refused "memory: it is"
	done
	cp "$WORK/kept" "$LIMA_HOME/f/memory"
	echo >>"$LIMA_HOME/f/memory"
	start_refused "it is not as long as it was written"
	: >"$LIMA_HOME/f/memory"
	start_refused "it is cut off"
	limactl start --name g --tty=false "$WORK/f.yaml"
	limactl suspend g
	cp "$LIMA_HOME/g/memory" "$LIMA_HOME/f/memory"
	start_refused "the machine was of other parts"
	cp "$WORK/kept" "$LIMA_HOME/f/memory"
	start_and_held
}

@test "another program, and a disk that was written since, are told" {
	suspended
	LIMA_FAKE_VERSION="fake 2" start_refused "it was saved by fake 1, and this is fake 2"
	[ "$sum" = "$(sum_of memory)" ]
	touch -r "$LIMA_HOME/f/disk" "$WORK/when"
	touch "$LIMA_HOME/f/disk"
	start_refused "disk was written since"
	touch -r "$WORK/when" "$LIMA_HOME/f/disk"
	[ "$sum" = "$(sum_of memory)" ]
	start_and_held
}

@test "stop --force gives the memory up, says so, and the next start is cold" {
	suspended
	disk=$(sum_of disk)
	run limactl stop --force f
	[ "$status" -eq 0 ]
	[[ "$output" == *"its memory is given up, which is to its disk like a power cut"* ]]
	[ "$(status_of f)" = Stopped ]
	[ ! -e "$LIMA_HOME/f/memory" ]
	[ "$disk" = "$(sum_of disk)" ]
	limactl start f
	held ""
}

@test "a driver that cannot save it says so before anything goes, and the machine goes on" {
	begin
	LIMA_FAKE_UNSAVABLE="a folder is mounted" run ! limactl suspend f
	[[ "$output" == *"f: its memory cannot be saved: a folder is mounted"* ]] || { echo "$output"; false; }
	held "the answer"
	settled
	limactl stop f
	FAKE=--unsaved limactl start f
	tell f "hold the answer"
	run ! limactl suspend f
	[[ "$output" == *"the memory has not been said to its end"* ]]
	held "the answer"
	start_and_held
	[ -z "$(find "$LIMA_HOME/f" -name '*.tmp')" ]
}

@test "commands know it: delete, factory-reset, clone, rename, snapshot, restart, shell" {
	suspended
	for command in "clone f g" "rename f g"; do
		run ! limactl $command
		[[ "$output" == *"a suspended instance: its disk is worth nothing without its memory"* ]] || { echo "$output"; false; }
	done
	run ! limactl restart f
	[[ "$output" == *"vm f: would be lost"* ]]
	run ! limactl shell f true
	[[ "$output" == *'instance `f` is suspended, run `limactl start f` to resume the instance'* ]] || { echo "$output"; false; }
	run ! limactl apply --stopped f
	[[ "$output" == *"vm f: would be lost"* ]]
	[ "$sum" = "$(sum_of memory)" ]
	limactl protect f
	run ! limactl delete f
	limactl unprotect f
	[ "$sum" = "$(sum_of memory)" ]
	limactl factory-reset f
	[ ! -e "$LIMA_HOME/f/memory" ]
	[ "$(status_of f)" = Stopped ]
	limactl start f
	limactl suspend f
	limactl delete f
	[ ! -e "$LIMA_HOME/f" ]
	[ -z "$(limactl list -q)" ]
}

@test "a data disk stays that of the suspended instance" {
	limactl disk create d --size 4MiB --format raw
	printf 'additionalDisks: [{name: d, format: false}]\n' >>"$WORK/f.yaml"
	begin
	limactl suspend f
	cp "$WORK/f.yaml" "$WORK/g.yaml"
	run ! limactl apply "$WORK/g.yaml"
	[[ "$output" == *'disk `d` is in use by the suspended instance `f`'* ]] || { echo "$output"; false; }
	run ! limactl disk delete d
	run ! limactl disk resize d --size 8MiB
	[[ "$output" == *'cannot resize disk `d` used by suspended instance `f`. Please start and stop the VM instance'* ]] || { echo "$output"; false; }
	run limactl disk unlock d
	[[ "$output" == *'Cannot unlock disk `d` used by suspended instance `f`'* ]] || { echo "$output"; false; }
	limactl delete -f g
	start_and_held
}

@test "two at once: who says that it is suspended has suspended it" {
	begin
	for n in {1..6}; do
		limactl suspend f >"$WORK/suspend" 2>&1 3>&- &
		pid=$!
		limactl stop f >/dev/null 2>&1 || true
		rc=0
		wait $pid || rc=$?
		[ "$(status_of f)" = Suspended ] || { [ $rc -ne 0 ] && ! grep 'is suspended"' "$WORK/suspend"; } || { cat "$WORK/suspend"; false; }
		limactl start f
	done
}

@test "several at once" {
	for n in a b c d; do
		limactl start --tty=false --name $n "$WORK/f.yaml"
		tell $n "hold $n"
	done
	limactl suspend a b c d
	[ "$(limactl list --format '{{.Status}}' | sort | uniq -c | tr -s ' ')" = " 4 Suspended" ]
	for n in a b c d; do limactl start $n 3>&- & done
	wait
	for n in a b c d; do [ "$(tell $n held)" = "ok $n" ]; done
}

@test "killed at a boundary of a step, suspend and start: the same guest goes on" {
	begin
	for n in {1..30}; do
		killed_at "$n" suspend f || break
		lose_database "$n"
		start_and_held
	done
	[ "$n" -gt 2 ]
	[ "$n" -lt 30 ]
	start_and_held
	for n in {1..30}; do
		limactl suspend f
		killed_at "$n" start f || break
		lose_database "$n"
		start_and_held
	done
	[ "$n" -gt 2 ]
	[ "$n" -lt 30 ]
	held "the answer"
}

@test "killed at any call of suspend: the same guest goes on, or is suspended" {
	begin
	for n in {1..200}; do
		killed_in "$n" "$LIMA_HOME/f" suspend f || break
		[[ "$(status_of f)" = @(Running|Suspended) ]]
		start_and_held
		[ -z "$(find "$LIMA_HOME/f" -name 'memory*')" ] || limactl plan | grep 'Nothing to do'
	done
	[ "$n" -gt 10 ]
	[ "$n" -lt 200 ]
	[ "$(status_of f)" = Suspended ]
	[ -z "$(find "$LIMA_HOME/f" -name '*.tmp')" ]
	echo "suspend: killed at $n calls" >&3
}

@test "killed at any call of start: the same guest goes on, once" {
	begin
	limactl suspend f
	for n in {1..200}; do
		killed_in "$n" "$LIMA_HOME/f" start f || break
		start_and_held
		limactl suspend f
	done
	[ "$n" -gt 10 ]
	[ "$n" -lt 200 ]
	held "the answer"
	echo "start: killed at $n calls" >&3
}

@test "killed in the middle of the stream, and called off: the same guest goes on" {
	FAKE="--memory-kib 1024 --slow-ms 40" limactl apply "$WORK/f.yaml"
	tell f "hold the answer"
	for part in 0.1 0.3 0.5; do
		"$BIN/limactl" suspend f >/dev/null 2>&1 3>&- &
		pid=$!
		sleep $part
		kill -9 $pid
		wait $pid || true
		FAKE="--memory-kib 1024" start_and_held
	done
	"$BIN/limactl" suspend f >/dev/null 2>&1 3>&- &
	pid=$!
	sleep 0.3
	kill -INT $pid
	run wait $pid
	FAKE="--memory-kib 1024" start_and_held
	[ -z "$(find "$LIMA_HOME/f" -name '*.tmp')" ]
	FAKE="--memory-kib 1024" limactl suspend f
	for part in 0.2 0.4; do
		LIMA_FAKE_MACHINE="--memory-kib 1024 --slow-ms 40" "$BIN/limactl" start f >/dev/null 2>&1 3>&- &
		pid=$!
		sleep $part
		kill -9 $pid
		wait $pid || true
		FAKE="--memory-kib 1024" start_and_held
		FAKE="--memory-kib 1024" limactl suspend f
	done
}

@test "a machine that dies while it takes its memory is still suspended" {
	suspended
	FAKE=--dies-ms=1 run ! limactl start f
	nobody
	[ "$(status_of f)" = Suspended ]
	[ "$sum" = "$(sum_of memory)" ]
	start_and_held
}

@test "a full disk in the middle of it: the machine goes on, and nothing is left" {
	SMALL=$WORK/small && mkdir "$SMALL" && mount -t tmpfs -o size=3m tmpfs "$SMALL"
	FAKE="--memory-kib 8192" LIMA_HOME=$SMALL limactl apply "$WORK/f.yaml"
	LIMA_HOME=$SMALL tell f "hold the answer"
	LIMA_HOME=$SMALL run ! limactl suspend f
	[[ "$output" == *"No space left on device"* ]] || [[ "$output" == *"no space left on device"* ]] || { echo "$output"; false; }
	LIMA_HOME=$SMALL held "the answer"
	[ -z "$(find "$SMALL/f" -name 'memory*')" ]
	LIMA_HOME=$SMALL limactl delete -f f
}
