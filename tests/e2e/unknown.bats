#!/usr/bin/env bats
# What cannot be looked at is not absent, what was seen in another place is not here, and what a killed limactl left is
# swept. No machine is booted.
load helper

setup() {
	home_begin
	cold_yaml >"$WORK/a.yaml"
	gcc -shared -fPIC -o "$WORK/eio.so" "$REPO/tests/e2e/eio.c"
	apply --stopped "$WORK/a.yaml"
	printf precious | dd of="$LIMA_HOME/a/disk" conv=notrunc status=none
}

teardown() {
	home_end
}

# limactl, for which looking at what ends with $1 is an error of the disk
sick() {
	local path=$1
	shift
	EIO_PATH=$path LD_PRELOAD=$WORK/eio.so timeout 60 "$BIN/limactl" "$@"
}

# limactl, for which a drive that has what ends with $1 hangs
hung() {
	local path=$1
	shift
	LIMACTL_TEST_LOOK_MS=${LOOK_MS:-2000} HANG_PATH=$path LD_PRELOAD=$WORK/eio.so timeout -s KILL 60 "$BIN/limactl" "$@" </dev/null
}

# the instance's disk $1 (a path) still has what was written to it
precious() { [ "$(head -c 8 "$1")" = precious ]; }

@test "an error of the disk is told, stops that instance, and touches nothing" {
	apply --stopped --name b "$WORK/a.yaml"
	for file in a/disk a/lima.yaml a/cidata.iso a/ssh.config h/a a/qemu.pid _config/user _config/user.pub; do
		before=$(find "$LIMA_HOME/a" "$LIMA_HOME/_config" -type f -exec sha256sum {} + | sort)
		run sick "$file" apply --set '.cpus=3' a
		[ "$status" -ne 0 ] || { echo "succeeded: $file"; false; }
		[[ $output == *"$file"*'input/output error'* || $output == *"$file"*'Input/output error'* ]] || { echo "$file: $output"; false; }
		[ "$(find "$LIMA_HOME/a" "$LIMA_HOME/_config" -type f -exec sha256sum {} + | sort)" = "$before" ] || { echo "touched: $file"; false; }
	done
	run sick a/disk plan
	[ "$status" -ne 0 ]
	[[ $output == *'1 of 2 instances could not be planned'* ]]
	run sick a/protected delete a
	[ "$status" -ne 0 ]
	precious "$LIMA_HOME/a/disk"
	apply --stopped a
}

@test "where it cannot be told whether an instance is there, runs or rests, no command takes it for gone or at rest" {
	for file in a/lima.yaml a/qemu.pid a/ha.pid a/memory; do
		[ "$(sick $file list --format '{{.Status}}' a 2>/dev/null)" = Unknown ]
		for words in 'clone a b' 'rename a b' 'edit --set .cpus=3 --start=false a' 'start a' 'stop a' 'delete a' 'protect a' 'snapshot list a' 'wait a'; do
			# shellcheck disable=SC2086 # words
			run sick $file $words
			[ "$status" -eq 1 ] || { echo "$words, $file: $output"; false; }
			[[ $output == *"$file: input/output error"* ]] || { echo "$words, $file: $output"; false; }
			[ ! -e "$LIMA_HOME/b" ]
			precious "$LIMA_HOME/a/disk"
		done
	done
	# a protection that cannot be looked at is not one that is there already
	run -1 sick a/protected protect a
	[[ $output == *'a/protected: input/output error'* ]]
}

@test "a rename that cannot have the folder makes no other machine of that name" {
	for file in a/disk.format a/cidata.iso; do
		run sick $file rename a b
		[ "$status" -eq 1 ]
		[[ $output == *"$file: input/output error"* ]] || { echo "$file: $output"; false; }
		[ ! -e "$LIMA_HOME/b" ]
		precious "$LIMA_HOME/a/disk"
		apply --stopped a
	done
	limactl rename a b
	[ ! -e "$LIMA_HOME/a" ]
	precious "$LIMA_HOME/b/disk"
	apply --stopped b
}

@test "a drive that hangs delays only what is on it: that is unknown, never absent, and the rest is as wanted" {
	apply --stopped --name b "$WORK/a.yaml"
	apply --stopped --name c "$WORK/a.yaml"
	for file in b/disk b/lima.yaml b/ssh.config b/cidata.iso b/lease.ssh; do
		run hung "$file" plan
		[ "$status" -eq 1 ] || { echo "$file: $output"; false; }
		[[ $output == *'Nothing to do: 2 instances are as wanted.'*'? b  (unknown: '*'1 of 3 instances could not be planned'* ]] || { echo "$file: $output"; false; }
		[[ $output != *'+ '* ]]
	done
	sed -i '$acpus: 3' "$LIMA_HOME"/{a,b,c}/lima.yaml
	before=$(find "$LIMA_HOME/b" -type f -exec sha256sum {} + | sort)
	run hung b/disk apply a b c
	[ "$status" -eq 1 ]
	[[ $output == *'b: unknown, since looking at it got no answer for 2 s'* ]]
	[ "$(find "$LIMA_HOME/b" -type f -exec sha256sum {} + | sort)" = "$before" ]
	[ "$(limactl list --format '{{.CPUs}}' a c)" = "$(printf '3\n3')" ]
	limactl plan a c | grep 'Nothing to do: 2 instances'
	hung b/disk plan --json b c 2>&1 | grep -q '"instance":"b","error":"folder of b: unknown.*"unknown":true'
	# alone it is an error; and when the drive answers again, all is as it was
	run hung b/disk apply b
	[ "$status" -eq 1 ]
	apply b
}

@test "a file of the user's on a drive that hangs delays no plan of what was made from it" {
	sed 's/^disk: .*/disk: 8MiB/' "$WORK/a.yaml" >"$WORK/b.yaml"
	apply --stopped "$WORK/b.yaml"
	echo 'message: hello' >>"$WORK/b.yaml"
	# all: what else differs is told; by name: the plan comes first
	run -0 hung /a.yaml plan --all
	[[ $output == *'Nothing to do: 2 instances'*'a: the file that made it does not answer, and is not compared'*'b: by its own copy'*'says otherwise'* ]]
	run -0 hung /a.yaml plan a
	[[ $output == *'Nothing to do: 1 instance'*'a: the file that made it does not answer'* ]]
	hung /a.yaml plan --json a | jq -e '.texts == [{"instance": "a", "error": "the file that made it does not answer"}]'
}

@test "no command hangs with a drive: what it asks of such an instance is unknown, and the others are served" {
	apply --stopped --name b "$WORK/a.yaml"
	apply --stopped --name c "$WORK/a.yaml"
	LOOK_MS=400
	for file in b/lima.yaml b/disk; do
		[ "$(hung $file list --format '{{.Name}} {{.Status}}' 2>/dev/null)" = $'a Stopped\nb Unknown\nc Stopped' ]
		[ "$(hung $file list -q)" = $'a\nb\nc' ]
		hung $file list --json 2>/dev/null | jq -se 'length == 3 and .[1].status == "Unknown" and .[1].cpus == .[0].cpus and (.[1].errors[0] | startswith("unknown, since its folder gave no answer"))'
		[ "$(hung $file list --format '{{.Name}} {{.Status}}' c)" = 'c Stopped' ]
		while read -r words; do
			run hung $file $words
			[ "$status" -eq 1 ] || { echo "$file: $words: $status: $output"; false; }
			[[ $output == *'unknown, since '*' no answer for '* ]] || { echo "$file: $words: $output"; false; }
		done <<-END
			stop b
			stop --force c b
			shell b true
			exec b -- true
			start b
			start --set .cpus=2 b
			restart b
			restart --set .cpus=2 b
			edit --set .cpus=2 b
			edit b
			delete b
			delete --force b
			protect b
			factory-reset b
			clone b d
			rename b d
			copy b:/etc/passwd .
			show-ssh b
			tunnel b
			snapshot list b
			snapshot create --tag x b
			screenshot b
			guest-install b
		END
		run -0 hung $file prune --keep-referred
		run -0 hung $file network delete nix
		run -0 hung $file fleet ls
		run -0 hung $file apply --stopped a c
		run -0 hung $file validate "$WORK/a.yaml"
	done
	[ -e "$LIMA_HOME/b/disk" ]
	[ ! -e "$LIMA_HOME/d" ]
	# who is asked together with it goes
	run -1 hung b/disk delete c b
	[ "$(limactl list -q)" = $'a\nb' ]
	apply --stopped a b
}

@test "a drive that is slow is waited for" {
	apply --stopped --name b "$WORK/a.yaml"
	HANG_S=1 LIMACTL_TEST_LOOK_MS=30000 HANG_PATH=b/disk LD_PRELOAD=$WORK/eio.so timeout 60 "$BIN/limactl" plan | grep 'Nothing to do: 2 instances'
}

@test "a disk on a drive that is not mounted is not made anew" {
	mkdir "$WORK/drive"
	mv "$LIMA_HOME/a/disk" "$WORK/drive/disk"
	ln -s "$WORK/drive/disk" "$LIMA_HOME/a/disk"
	apply --stopped a
	mv "$WORK/drive" "$WORK/away"
	for words in 'apply a' 'plan' 'start a' 'edit --set .cpus=3 --start=false a' 'factory-reset a'; do
		# shellcheck disable=SC2086
		fails_with "is a link to $WORK/drive/disk, which is not there" $words
		[ -L "$LIMA_HOME/a/disk" ]
		[ ! -e "$WORK/drive" ]
	done
	mv "$WORK/away" "$WORK/drive"
	apply a
	precious "$WORK/drive/disk"
}

@test "an instance, or a data disk, in a folder that is a link to nowhere is not made anew" {
	limactl disk create d --size 1MiB
	limactl edit --set '.additionalDisks=["d"]' --start=false a
	mv "$LIMA_HOME/_disks/d" "$WORK/d"
	ln -s "$WORK/nowhere/d" "$LIMA_HOME/_disks/d"
	fails_with "is a link to $WORK/nowhere/d" start a
	fails_with '' disk create d --size 1MiB
	rm "$LIMA_HOME/_disks/d"
	mv "$WORK/d" "$LIMA_HOME/_disks/d"
	mv "$LIMA_HOME/a" "$WORK/kept"
	ln -s "$WORK/nowhere/a" "$LIMA_HOME/a"
	fails_with "is a link to $WORK/nowhere/a" apply --stopped "$WORK/a.yaml"
	fails_with '' create --tty=false "$WORK/a.yaml"
	[ -L "$LIMA_HOME/a" ]
}

@test "a clone that failed and cannot be taken back keeps the disk that it copied: none is made of an image in its place" {
	for n in b c; do
		STUCK_PATH=$LIMA_HOME/$n run sick $n/disk.format clone --start=false a $n
		[ "$status" -ne 0 ]
		[[ $output == *"what there is of instance \`$n\` could not be taken away:"*"\`limactl delete $n\` does that"* ]]
		precious "$LIMA_HOME/$n/disk"
	done
	# it goes or stays whole
	fails_with 'half deleted' start b
	limactl apply --stopped b
	precious "$LIMA_HOME/b/disk"
	limactl delete c
	[ "$(limactl list -q | tr '\n' ' ')" = "a b " ]
	precious "$LIMA_HOME/a/disk"
}

@test "a home that was moved is looked at where it is" {
	mv "$LIMA_HOME" "$WORK/moved"
	mkdir -p "$LIMA_HOME/a"
	cp "$WORK/moved/a/disk" "$LIMA_HOME/a/disk"
	old=$LIMA_HOME
	export LIMA_HOME=$WORK/moved
	limactl edit --set '.disk="8MiB"' --start=false a
	[ "$(stat -c %s "$LIMA_HOME/a/disk")" -eq $((8 << 20)) ]
	[ "$(stat -c %s "$old/a/disk")" -eq $((4 << 20)) ]
	apply a
	! grep -rqF "$old/" "$LIMA_HOME/a/ssh.config"
	precious "$LIMA_HOME/a/disk"
	rm -rf "$old"
}

@test "a home that was copied leaves the first one alone" {
	cp -a "$LIMA_HOME" "$WORK/copy"
	(
		export LIMA_HOME=$WORK/copy
		limactl edit --set '.disk="8MiB"' --start=false a
		apply a
		limactl snapshot list a >/dev/null 2>&1 || true
		limactl factory-reset a
	)
	[ "$(stat -c %s "$LIMA_HOME/a/disk")" -eq $((4 << 20)) ]
	precious "$LIMA_HOME/a/disk"
	run -0 limactl plan
	[[ $output == *'Nothing to do'* ]]
}

@test "what can be made again is, whatever is in its place" {
	for harm in 'truncate -s 100 cidata.iso' 'cp lima.yaml cidata.iso' 'rm cidata.iso; mkdir cidata.iso' 'rm cidata.iso; ln -s nowhere cidata.iso' \
		'rm cidata.iso; mkfifo cidata.iso' 'rm ssh.config; mkdir ssh.config' 'rm ssh.config; mkdir -p ssh.config/x' \
		'rm ssh.config; ln -s nowhere ssh.config' 'rm ssh.config; mkfifo ssh.config' 'mkdir -p ssh.config.tmp/x cidata.iso.tmp/x'; do
		(cd "$LIMA_HOME/a" && eval "$harm")
		apply a || { echo "after: $harm"; false; }
		[ -s "$LIMA_HOME/a/ssh.config" ] && [ -f "$LIMA_HOME/a/ssh.config" ] && [ "$(stat -c %s "$LIMA_HOME/a/cidata.iso")" -gt 1000 ]
	done
	precious "$LIMA_HOME/a/disk"
}

@test "a public key that is none is made again from the private one" {
	local pub=$LIMA_HOME/_config/user.pub how
	cp "$pub" "$WORK/pub"
	for how in 'rm' 'mkfifo' 'mkdir' 'mkdir -p $pub/x; true' 'ln -s nowhere' 'ln -s /dev/zero' 'echo junk >' ': >'; do
		rm "$pub"
		eval "$how \"\$pub\"" 2>/dev/null || [ "$how" = rm ]
		apply --stopped a || { echo "after: $how"; false; }
		cut -d" " -f1,2 "$pub" | cmp - <(cut -d" " -f1,2 "$WORK/pub")
	done
	precious "$LIMA_HOME/a/disk"
}

@test "a configuration on a drive that is not mounted is not none; a folder named fleet is the user's" {
	local file
	for file in default.yaml override.yaml networks.yaml; do
		ln -s "$WORK/away/$file" "$LIMA_HOME/_config/$file"
		for words in "apply --stopped --set .cpus=3 a" "validate $WORK/a.yaml" "network create n --gateway 192.168.99.1/24"; do
			[[ $words == network* ]] || [ $file != networks.yaml ] || continue
			[[ $words != network* ]] || [ $file = networks.yaml ] || continue
			# shellcheck disable=SC2086 # words
			fails_with "_config/$file: is a link to $WORK/away/$file, which is not there; is that drive mounted?" $words
		done
		[ ! -e "$WORK/away" ]
		[ -L "$LIMA_HOME/_config/$file" ]
		rm "$LIMA_HOME/_config/$file"
	done
	mkdir -p "$LIMA_HOME/a/fleet/of mine"
	apply --stopped --set .cpus=3 a
}

@test "delete takes an instance away, whatever is in the place of its files, and nothing that it leads to" {
	limactl delete --force gone 2>/dev/null || true
	for file in lima.yaml disk disk.format lease.ssh cidata.iso cloud-config.yaml made-from.json; do
		for kind in 'mkfifo' 'mkdir -p' "ln -s $WORK/kept"; do
			limactl create --tty=false --name gone "$WORK/a.yaml"
			rm -f "$LIMA_HOME/gone/$file"
			echo precious >"$WORK/kept"
			$kind "$LIMA_HOME/gone/$file"
			[ ! -d "$LIMA_HOME/gone/$file" ] || [ -L "$LIMA_HOME/gone/$file" ] || touch "$LIMA_HOME/gone/$file/in it"
			LIMIT=20 limactl delete --force gone || { echo "$kind $file"; false; }
			[ ! -e "$LIMA_HOME/gone" ] && [ "$(cat "$WORK/kept")" = precious ] || { echo "$kind $file"; false; }
		done
	done
}

@test "a dangling kernel or initrd is made again" {
	echo kernel >"$WORK/vmlinuz"
	echo initrd >"$WORK/initrd.img"
	sed "s|^  arch:|  kernel: {location: $WORK/vmlinuz}\n  initrd: {location: $WORK/initrd.img}\n  arch:|" "$WORK/a.yaml" >"$WORK/k.yaml"
	apply --stopped "$WORK/k.yaml"
	for file in kernel initrd; do
		ln -sf nowhere "$LIMA_HOME/k/$file"
		apply k
		[ -f "$LIMA_HOME/k/$file" ] && [ ! -L "$LIMA_HOME/k/$file" ]
	done
}

@test "what a killed run left is seen and swept" {
	mkdir -p "$LIMA_HOME/.a.tmp/x" "$LIMA_HOME/.a.deleted/y"
	echo half >"$LIMA_HOME/a/disk.tmp"
	echo half >"$LIMA_HOME/a/.lima.yaml.limactl.tmp"
	echo mine >"$LIMA_HOME/a/notes.tmp"
	rm "$LIMA_HOME/_state/state.db"
	run -0 limactl plan
	[[ $output == *'leftovers: some -> none'* ]]
	apply
	[ -z "$(find "$LIMA_HOME" -name '*.deleted' -o -name '.*.tmp' -o -name '*.yaml.tmp' -o -name 'disk.tmp')" ]
	[ "$(cat "$LIMA_HOME/a/notes.tmp")" = mine ]
}

@test "a delete that could not take all away can be given again" {
	mv "$LIMA_HOME/a" "$LIMA_HOME/.a.deleted"
	limactl delete a
	[ ! -e "$LIMA_HOME/.a.deleted" ]
	run -0 limactl delete a
	[[ $output == *non-existent* ]]
}

@test "a database with a bad record, a dropped table or something else in its place heals, and nothing is lost" {
	db=$LIMA_HOME/_state/state.db
	damage() {
		rm -rf "$db"*
		apply --stopped a
		case $1 in
		link) rm "$db" && ln -s /nonexistent/there "$db" ;;
		folder) rm "$db" && mkdir "$db" && touch "$db/x" ;;
		fifo) rm "$db" && mkfifo "$db" ;;
		zeros) truncate -s 0 "$db" && truncate -s 4096 "$db" ;;
		*) python3 -c 'import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.executescript(sys.argv[2]); d.commit()' "$db" "$1" ;;
		esac
	}
	for how in link folder fifo zeros \
		"UPDATE resource SET have = x'ffffffff00' WHERE type = 'disk'" "UPDATE resource SET want = x'01'" \
		"UPDATE resource SET have = NULL, want = NULL" "UPDATE resource SET have = 7" "UPDATE instance SET goal = 99" \
		"UPDATE instance SET goal = 'x', json = 'nonsense'" "UPDATE instance SET json = x'00ff'" \
		'DROP TABLE resource' 'DROP TABLE instance' 'DROP TABLE edge' 'DROP TABLE step' 'DROP TABLE run'; do
		damage "$how"
		run timeout 20 "$BIN/limactl" plan a
		[ "$status" -eq 0 ] || { echo "plan: $how: $output"; false; }
		run timeout 20 "$BIN/limactl" apply --stopped a
		[ "$status" -eq 0 ] || run timeout 20 "$BIN/limactl" apply --stopped a
		[ "$status" -eq 0 ] || { echo "apply: $how: $output"; false; }
		run timeout 20 "$BIN/limactl" plan a
		[[ $output == *"Nothing to do"* ]] || { echo "settled: $how: $output"; false; }
		precious "$LIMA_HOME/a/disk" || { echo "lost: $how"; false; }
		timeout 20 "$BIN/limactl" history >/dev/null
	done
}
