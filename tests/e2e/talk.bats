#!/usr/bin/env bats
# What commands say: each thing once, in the words that scripts match, and nothing about what nobody asked.
load helper

setup_file() {
	home_begin
	cold_yaml > "$WORK/a.yaml"
	limactl create --name a "$WORK/a.yaml"
}

teardown_file() {
	home_end
}

@test "what is wrong with a lima.yaml is told once, as an error of its instance" {
	mkdir "$LIMA_HOME/bad" "$LIMA_HOME/worse"
	printf 'images: [{location: /x.img}]\ncpus: many\nmemory: lots\n' > "$LIMA_HOME/bad/lima.yaml"
	printf 'cpus: [' > "$LIMA_HOME/worse/lima.yaml"
	run -0 --separate-stderr limactl list
	[ "${#stderr_lines[@]}" -eq 2 ]
	[[ ${stderr_lines[0]} == *'level=warning msg="instance `bad` has errors" errors="['*'cpus: must be an integer'* ]]
	[[ ${stderr_lines[1]} == *'level=warning msg="instance `worse` has errors" errors="['* ]]
	run -0 --separate-stderr limactl list a
	[ -z "$stderr" ]
	run -0 --separate-stderr limactl delete --force bad worse
	[[ $stderr != *level=error* && $stderr != *must\ be* ]]
	[ ! -e "$LIMA_HOME/bad" ]
	[ ! -e "$LIMA_HOME/worse" ]
}

@test "what is done in a moment is told in one line, or none" {
	run -0 --separate-stderr limactl protect a
	[ "$output" = '' ]
	[[ $stderr == time=*' level=info msg="Protected `a`"' ]]
	run -0 --separate-stderr limactl unprotect a
	[[ $stderr == time=*' level=info msg="Unprotected `a`"' ]]
	run -0 --separate-stderr limactl clone a b
	[ -z "$output" ]
	[ -z "$(grep -v 'running as root' <<<"$stderr")" ]
	run -0 --separate-stderr limactl rename b c
	[ -z "$output" ]
	[ -z "$(grep -v 'running as root' <<<"$stderr")" ]
	run -0 --separate-stderr limactl edit c --cpus 3
	[[ $stderr == time=*' level=info msg="Instance `c` configuration edited"' ]]
	run -0 --separate-stderr limactl disk create d --size 1MiB
	[[ $stderr == time=*' level=info msg="Creating qcow2 disk `d` with size 1MiB"' ]]
	run -0 --separate-stderr limactl --debug disk delete d
	[[ $stderr == *'level=debug msg="data-disk d: removed'* && $stderr == *'level=info msg="Deleted `d`'* ]]
}

@test "a template that does not parse is an invalid go template, whether or not there is an instance" {
	run -1 --separate-stderr limactl list --format '{{.Name' a
	[ -z "$output" ]
	[[ $stderr == *'level=fatal msg="invalid go template: template line 1: '* ]]
	LIMA_HOME=$WORK/empty run -0 --separate-stderr limactl list --format '{{.Name'
	[[ $stderr == *'No instance found.'* ]]
	run -1 --separate-stderr limactl list --format '{{nosuch .}}' a
	[[ $stderr == *'invalid go template: template line 1: function \"nosuch\" not defined'* ]]
	run -1 --separate-stderr limactl list --format '{{.Nosuch}}' a
	[ -z "$output" ]
	[[ $stderr == *"can't evaluate field Nosuch"* && $stderr != *invalid* ]]
}

@test "the errors of the system are in lower case, as Go has them" {
	run -1 --separate-stderr limactl create --name n "$WORK/nosuch.yaml"
	[[ $stderr == *": no such file or directory\""* ]]
	run -1 --separate-stderr limactl stop nosuch
	[[ $stderr == *"open $LIMA_HOME/nosuch/lima.yaml: no such file or directory"* ]]
}

@test "an answer that cannot be written is a failure with a reason; one that nobody wants is none" {
	run -1 --separate-stderr bash -c '"$BIN/limactl" list --json > /dev/full'
	[[ $stderr == *'level=fatal msg="write to standard output: no space left on device"' ]]
	run -1 --separate-stderr bash -c '"$BIN/limactl" info > /dev/full'
	[[ $stderr == *'write to standard output'* ]]
	run -0 --separate-stderr bash -c '"$BIN/limactl" generate-jsonschema | head -n 1'
	[ "$output$stderr" = '{' ]
}

@test "closed descriptors are not taken by files of ours" {
	run -1 --separate-stderr bash -c '"$BIN/limactl" list >&-'
	[[ $stderr == *'write to standard output: bad file descriptor"' ]]
	mkdir -p "$WORK/bin"
	printf '#!/bin/sh\ncd /proc/$PPID/fd && readlink 0 1 2 >"%s/held"\necho template:x\n' "$WORK" >"$WORK/bin/limactl-url-tt"
	chmod +x "$WORK/bin/limactl-url-tt"
	PATH=$WORK/bin:$PATH run bash -c '"$BIN/limactl" template url tt:x <&- >&- 2>&-'
	[ "$(cat "$WORK/held")" = $'/dev/null\n/dev/null\n/dev/null' ] || { cat "$WORK/held"; false; }
	run -1 bash -c '"$BIN/limactl" list nosuch 2>&-'
}

@test "a word that is nearly right" {
	run -0 --separate-stderr limactl disk creat x
	[[ $output == *'limactl disk [command]'* ]]
	[[ $stderr == *'unknown command \"creat\" for \"limactl disk\" (did you mean create?)'* ]]
	run -0 --separate-stderr limactl disk
	[ -z "$stderr" ]
	run -1 --separate-stderr limactl plan nosuch
	[[ $stderr == *'there is no instance and no file `nosuch`'* ]]
}

@test "a home by a relative path is the same home from everywhere" {
	cd "$WORK"
	LIMA_HOME=near/home limactl create --name r a.yaml 2>/dev/null
	[ "$(LIMA_HOME=near/home limactl ls -f '{{.Dir}}')" = "$WORK/near/home/r" ]
	grep -qF "ControlPath \"$WORK/near/home/r/ssh.sock\"" near/home/r/ssh.config
	grep -qF "IdentityFile \"$WORK/near/home/_config/user\"" near/home/r/ssh.config
	LIMA_HOME=$WORK/near/home run -0 limactl plan r
	[[ $output == *'Nothing to do'* ]]
}

@test "show-ssh of an instance that has no ssh.config yet says what it will be" {
	limactl show-ssh --format config a 2>/dev/null > "$WORK/was"
	mv "$LIMA_HOME/a/ssh.config" "$WORK/kept"
	run -0 --separate-stderr limactl show-ssh --format config a
	[ "${lines[0]}" = 'Host lima-a' ]
	# the port alone is yet to be chosen
	diff <(grep -v '^  Port ' "$WORK/was") <(grep -v '^  Port ' <<<"$output")
	[ ! -e "$LIMA_HOME/a/ssh.config" ]
	mv "$WORK/kept" "$LIMA_HOME/a/ssh.config"
	run -1 --separate-stderr limactl show-ssh --format nosuch a
	[[ $stderr == *'unknown format: `nosuch`'* ]]
}

@test "a walk of small steps is a line an instance; in JSON each is an event with fields; what is stopped is not removed" {
	cd "$WORK"
	cold_yaml >k.yaml
	run -0 --separate-stderr limactl apply --stopped k.yaml
	[ "$(grep -c 'msg="k: ' <<<"$stderr")" -eq 1 ]
	[[ $stderr == *'done ('*'Done in '*': '*' created'* ]]
	run -0 --separate-stderr limactl --log-format json apply --stopped --set '.disk="6MiB"' k
	jq -se 'map(select(.type and .action != "begun")) | length == 2 and all(.action == "done" and .instance == "k" and (.seconds | type) == "number"
		and .reason.kind == "differs" and .msg and .level == "info")' <<<"$stderr"
	run -0 --separate-stderr limactl delete k.yaml
	[[ $stderr == *'msg="k: '*' removed ('* ]]
}
