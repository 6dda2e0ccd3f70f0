#!/usr/bin/env bats
# Commands on instances that are never booted: create, list, edit, clone, rename, protect, delete, and what clients read.
load helper

setup() {
	home_begin
	cd "$WORK" || return
	cold_yaml >"$WORK/a.yaml"
}

teardown() {
	cd /
	home_end
}

# a record of this level with this message stands on stderr
said() {
	[[ $stderr == *"level=$1 msg=\"$2\""* ]] || { echo "not said: $2"; echo "$stderr"; return 1; }
}

make_instance() {
	limactl create --tty=false --name="$1" "$WORK/a.yaml" 2>/dev/null
}

@test "create: from a file, standard input, with flags; never twice" {
	run -0 --separate-stderr limactl create --tty=false --cpus 3 --memory 0.5 --set '.message="hi"' a.yaml
	[ -z "$output" ]
	said info 'Run `limactl start a` to start the instance.'
	[ "$(limactl list -f '{{.CPUs}} {{.Memory}} {{.Message}} {{.Status}}' a)" = '3 536870912 hi Stopped' ]
	run -1 --separate-stderr limactl create --tty=false a.yaml
	[[ $stderr == *'instance `a` already exists'* ]]
	run -0 --separate-stderr limactl create --name=b - <a.yaml
	run -1 --separate-stderr limactl create - <a.yaml
	said fatal 'must pass instance name with --name when reading template from stdin'
	run -1 --separate-stderr limactl create --name=b --tty=false a
	said fatal 'instance name `a` and CLI flag --name=`b` cannot be specified together'
	run -1 --separate-stderr limactl create --name='x/../y' a.yaml
	[[ $stderr == *'must match'* || $stderr == *'must consist'* ]]
	[ "$(limactl list -q)" = $'a\nb' ]
}

@test "create: a parameter must be declared, a flag must make sense" {
	printf 'param: {release: ""}\nprovision: [{mode: system, script: "echo $PARAM_release"}]\n' >>a.yaml
	run -0 limactl create --name=p --param=release=v1.35 - <a.yaml
	[ "$(limactl yq -r .param.release <"$LIMA_HOME/p/lima.yaml")" = v1.35 ]
	run -1 --separate-stderr limactl create --name=q --param missing=value - <a.yaml
	said fatal 'error while processing flag `param`: template does not define param `missing`'
	run -1 --separate-stderr limactl create --name=q --cpus -1 - <a.yaml
	said fatal 'error while processing flag `cpus`: invalid value for number of cpus, must be >= 0'
	run -1 --separate-stderr limactl create --name=q --set '.a=env(HOME)' - <a.yaml
	[[ $stderr == *'env operations have been disabled'* ]]
	[ ! -e "$LIMA_HOME/q" ]
}

@test "plan: each changed key, with old and new value and what it costs" {
	make_instance a
	run -0 limactl plan --set '.cpus=7 | .message="hi" | .env.A="b" | .ssh.forwardAgent=true | .images[0].variant="x"' a
	[[ $output == *'cpus: '*' -> 7  (a running machine is restarted)'* ]]
	[[ $output == *'message: unset -> hi  (nothing to do in the machine)'* ]]
	[[ $output == *'env.A: unset -> b  (told to the guest at boot; a running machine is restarted)'* ]]
	[[ $output == *'ssh.forwardAgent: false -> true  (in place)'* ]]
	[[ $output == *'images[0].variant: unset -> x  (only matters when the instance is made: no effect until `limactl factory-reset`)'* ]]
	run -0 --separate-stderr limactl plan --json --set '.cpus=7' a
	[ "$(limactl yq -o json -I 0 '[.resource_changes[] | select(.type == "dir") | .changes[] | select(.key == "cpus") | .after + " " + .class]' <<<"$output")" = '["7 machine-restart"]' ]
	run -1 --separate-stderr limactl plan --set '.user.uid=4711' a
	[[ $stderr == *'cannot change user.uid: '*' -> 4711: not in an existing instance'* ]]
	# told where no plan is shown, too; and then it is done
	run -0 --separate-stderr limactl edit --set '.images[0].variant="x"' a
	said warning 'a: images[0].variant: unset -> x: only matters when the instance is made: no effect until `limactl factory-reset`'
	run -0 limactl plan a
	[[ $output == *'Nothing to do'* ]]
	# an edit by hand, a layer for all, and a lost database are told alike
	sed -i 's/^disk: .*/disk: 8MiB/' "$LIMA_HOME/a/lima.yaml"
	printf 'env: {L: m}\n' >"$LIMA_HOME/_config/override.yaml"
	rm -r "$LIMA_HOME/_state"
	run -0 limactl plan a
	[[ $output == *'disk: 4MiB -> 8MiB  (a running machine is restarted)'* ]]
	[[ $output == *'env.L: unset -> m'* ]]
	limactl apply --stopped a 2>/dev/null
	run -0 limactl plan a
	[[ $output == *'Nothing to do'* ]]
}

@test "list: table, names, order, and who is not there" {
	run -0 --separate-stderr limactl list
	[ -z "$output" ]
	said warning 'No instance found. Run `limactl create` to create an instance.'
	for i in foo bar; do make_instance "$i"; done
	run -0 limactl ls
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[0]} =~ ^NAME\ +STATUS\ +SSH\ +VMTYPE\ +ARCH\ +CPUS\ +MEMORY\ +DISK\ +DIR$ ]]
	[[ ${lines[1]} =~ ^bar\ +Stopped\ +127.0.0.1:[0-9]+\ +qemu\ .*\ 4MiB\ +~/h/bar$ ]]
	run -0 limactl ls foo bar
	[[ ${lines[1]} == foo* && ${lines[2]} == bar* ]]
	run -1 --separate-stderr limactl ls foo nix bar
	said warning 'No instance matching nix found.'
	[[ $stderr == *'msg="unmatched instances"'* ]]
	[ "${#lines[@]}" -eq 3 ]
	[ "$(limactl list -q foo)" = foo ]
	[ -z "$(limactl list -f '{{.Status}}' nix 2>/dev/null)" ]
}

@test "list: a folder without a lima.yaml, and a lima.yaml that is wrong, are Broken" {
	make_instance foo
	mkdir "$LIMA_HOME/probe" "$LIMA_HOME/wrong"
	echo 'cpus: [' >"$LIMA_HOME/wrong/lima.yaml"
	run -0 --separate-stderr limactl ls
	[[ $stderr == *'instance `probe` has errors'* && $stderr == *'instance `wrong` has errors'* ]]
	[[ ${lines[2]} =~ ^probe\ +Broken && ${lines[3]} =~ ^wrong\ +Broken ]]
	run -0 --separate-stderr limactl ls --json probe
	[[ $output =~ ^\{\"name\":\"probe\",\"hostname\":\"[^\"]*\",\"status\":\"Broken\" ]]
	jq -e '.errors | length == 1 and (.[0] | type == "string")' <<<"$output"
	run -0 --separate-stderr limactl ls --format yaml
	run -1 --separate-stderr limactl delete --force probe
	[[ $stderr == *'level=fatal msg="instance `probe` directory'* ]]
	[ -d "$LIMA_HOME/probe" ]
	run -0 limactl delete --force wrong
	[ ! -e "$LIMA_HOME/wrong" ]
}

@test "list: JSON lines with the keys and the order that clients know" {
	make_instance foo
	make_instance bar
	run -0 limactl ls --json
	[ "${#lines[@]}" -eq 2 ]
	[ "$(limactl ls --format json)" = "$output" ]
	[ "$(jq -c 'del(.sshLocalPort, .message) | keys_unsorted' <<<"${lines[0]}")" = \
		'["name","hostname","status","dir","vmType","arch","cpus","memory","disk","sshConfigFile","config","sshAddress","protected","limaVersion","HostOS","HostArch","LimaHome","IdentityFile"]' ]
	[ "$(limactl ls --format yaml | limactl yq -p yaml -o json -I 0 .)" = "$output" ]
	[ "$(_LIMA_OUTPUT_IS_TTY=1 limactl ls --json | sed 's/\x1b\[[0-9;]*m//g' | jq -c .)" = "$(jq -c . <<<"$output")" ]
	[ "$(jq .disk <<<"${lines[0]}")" = 4194304 ]
	[ "$(jq -r .config.disk <<<"${lines[0]}")" = 4MiB ]
}

@test "list: Go templates" {
	make_instance foo
	run -0 limactl list -f '{{.Name}} {{.Disk}} {{.Config.SSH.LocalPort}} {{missing "none" .Message}} {{json .Name}}'
	[ "$output" = 'foo 4194304 0 none "foo"' ]
	run -0 limactl list -f '{{if eq .Status "Stopped"}}down{{end}}{{range .Config.Images}} {{.Arch}}{{end}}'
	[ "$output" = "down x86_64" ]
	[ "$(limactl list -f '{{json .}}')" = "$(limactl list --json)" ]
	[ "$(limactl list -f '{{.LimaHome}}')" = "$LIMA_HOME" ]
	run -1 --separate-stderr limactl list -f '{{.Unknown}}'
	[ -z "$output" ]
	[[ $stderr == *"level=fatal"*"can't evaluate field Unknown"* ]]
	for f in $(limactl list --list-fields); do
		run -0 limactl list -f "{{.$f}}"
	done
}

@test "list: yq expressions and filters" {
	for i in foo bar; do make_instance "$i"; done
	[ "$(limactl ls --yq .config.disk --yq '. + "!"')" = $'4MiB!\n4MiB!' ]
	[ "$(limactl ls --filter '.name == "foo"' -q)" = foo ]
	[ "$(limactl ls --filter '.disk == "4194304"' --filter '.name | test("^b")' -f '{{.Name}}')" = bar ]
	[ -z "$(limactl ls -q -l '.disk == "4MiB"')" ]
	[ "$(limactl ls -q --yq 'select(.name == "foo")')" = foo ]
	run -1 --separate-stderr limactl ls --yq 'env(HOME)'
	said fatal 'env operations have been disabled'
	for conflict in '--json --format x' '-q --json' '--list-fields --yq .' '--yq . --format table' '--list-fields -l .'; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr limactl ls $conflict
		[[ $stderr == *'msg="option --'* ]]
	done
}

@test "edit: by flags, by the editor, and into nonsense" {
	printf '# mine\n' | cat - a.yaml >b.yaml
	limactl create --name=b - <b.yaml
	run -0 --separate-stderr limactl edit --cpus 2 --memory 1 b
	said info 'Instance `b` configuration edited'
	[ "$(head -n 1 "$LIMA_HOME/b/lima.yaml")" = '# mine' ]
	[ "$(limactl ls -f '{{.CPUs}}' b)" = 2 ]
	[[ $(limactl plan b) == *'Nothing to do'* ]]
	run -0 --separate-stderr limactl edit --cpus 2 b
	said info 'Aborting, no changes made to the instance'
	run -0 --separate-stderr limactl edit b
	said info 'Aborting, as requested by saving the file with empty content'
	cp "$LIMA_HOME/b/lima.yaml" before.yaml
	run -1 --separate-stderr limactl edit --set '.cpus="lots"' b
	[[ $stderr == *"the edit is rejected, and kept in $LIMA_HOME/_state/rejected/b.yaml: "* ]]
	grep -q lots "$LIMA_HOME/_state/rejected/b.yaml"
	run -1 --separate-stderr limactl edit --disk 0.001 b
	[[ $stderr == *'/_state/rejected/b.yaml: disk b: cannot change size: 4MiB -> '*'Disk shrinking is currently unavailable'* ]]
	cmp before.yaml "$LIMA_HOME/b/lima.yaml"
	run -1 --separate-stderr limactl edit nix
	said fatal 'instance `nix` not found'
	printf '#!/bin/sh\nsed -i "s/^cpus:.*/cpus: 1/" "$1"\n' >ed
	chmod +x ed
	EDITOR=$WORK/ed run -0 --separate-stderr limactl edit --tty=true b </dev/null
	[ "$(limactl ls -f '{{.CPUs}}' b)" = 1 ]
	run -1 grep 'empty file' "$LIMA_HOME/b/lima.yaml"
	printf '#!/bin/sh\necho ruined >"$1"; exit 3\n' >ed
	VISUAL=$WORK/ed run -1 --separate-stderr limactl edit --tty=true b </dev/null
	[[ $stderr =~ 'what was edited is in '([^ \"]+) ]]
	[ "$(cat "${BASH_REMATCH[1]}")" = ruined ]
	rm "${BASH_REMATCH[1]}"
	[ "$(limactl ls -f '{{.CPUs}}' b)" = 1 ]
}

# the editor ED is called, as the words NAME ARGUMENTS..., by EDITOR or VISUAL as they are in the environment of env(1)
edits_with() {
	local words=$1
	shift
	rm -f "$WORK/called"
	run -0 --separate-stderr env "$@" timeout 60 "$BIN/limactl" edit --tty=true b </dev/null
	[[ $(cat "$WORK/called") == "$words"* ]] || { cat "$WORK/called"; return 1; }
}

@test "edit: the editor is the command that the user says, as git reads it" {
	make_instance b
	mkdir "with space"
	for ed in ed "with space/e d" other; do
		printf '#!/bin/sh\n{ for w; do printf "<%%s>" "${w##*/}"; done; echo " $0"; } >"%s/called"\n' "$WORK" >"$ed"
		chmod +x "$ed"
	done
	edits_with '<lima-editor.' EDITOR="$WORK/ed"
	edits_with '<--wait><-n><lima-editor.' EDITOR="$WORK/ed --wait -n"
	edits_with '<--wait><lima-editor.' EDITOR="'$WORK/with space/e d' --wait"
	edits_with '<lima-editor.' EDITOR="$WORK/with\\ space/e\\ d"
	edits_with '<a b><lima-editor.' EDITOR='$WORK/ed "a b"' WORK="$WORK"
	edits_with '<lima-editor.' TERM=xterm VISUAL="$WORK/ed" EDITOR=false
	[[ $(cat called) == *"/ed" ]]
	edits_with '<lima-editor.' TERM=dumb VISUAL=false EDITOR="$WORK/other"
	edits_with '<lima-editor.' VISUAL= EDITOR="$WORK/other"
	# one that is not there is not replaced by another in silence
	EDITOR=$WORK/nix run -1 --separate-stderr limactl edit --tty=true b </dev/null
	[[ $stderr == *"$WORK/nix"* ]]
	EDITOR="$WORK/nix --wait" run -1 --separate-stderr limactl edit --tty=true b </dev/null
	[[ $stderr == *"no such program"* ]]
	EDITOR=: run -0 --separate-stderr limactl edit --tty=true b </dev/null
	said info 'Aborting, no changes made to the instance'
}

# as in a container: no process can have a mount name space of its own
without_views() {
	limactl() {
		if [ "$(id -u)" = 0 ]; then
			timeout 60 setpriv --bounding-set=-sys_admin "$BIN/limactl" "$@"
		else
			timeout 60 unshare -r sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-sys_admin "$@"' _ "$BIN/limactl" "$@"
		fi
	}
	"$@"
	unset -f limactl
	limactl() { timeout "${LIMIT:-120}" "$BIN/limactl" "$@"; }
}

@test "what a new instance gets of this host is said before it is made, and only then" {
	{
		cat a.yaml
		echo 'mounts: [{location: "~"}, {location: /tmp/lima, writable: true}]'
		echo 'portForwards: [{guestPort: 80, hostPort: 8080}, {guestPort: 8, hostPortRange: [0, 0], hostSocket: /tmp/x.sock}, {guestPort: 9, ignore: true}, {guestPort: 7, hostIP: 0.0.0.0, proto: tcp}, {guestPort: 7, hostIP: 0.0.0.0, proto: udp}]'
		echo 'video: {display: vnc, vnc: {display: "0.0.0.0:3,to=9"}}'
		echo 'provision: [{mode: ansible, playbook: /etc/hostname}]'
		echo 'copyToHost: [{guest: /etc/x, host: "{{.Home}}/x"}]'
		echo "containerd: {user: false, system: false}"
	} | sed '/^plain/d' >reach.yaml
	words='reads ~, writes /tmp/lima, ~/x, listens on 127.0.0.1:8080, /tmp/x.sock, 0.0.0.0:7 (open to other hosts)'
	words+=', VNC display 0.0.0.0:3 (open to other hosts)'
	words+=', 127.0.0.1 for what listens in the guest, runs on this host: /etc/hostname'
	run -0 --separate-stderr limactl plan reach.yaml
	[[ $output == *"Of this host, reach $words."* ]]
	# a host where no process can have a view of its own; also where the folder has another name
	without_views run -0 --separate-stderr limactl plan reach.yaml
	[[ $output == *"Of this host, reach reads ~ (with the keys to all instances), writes"* ]]
	ln -sfn . name
	without_views run -0 --separate-stderr limactl plan --set ".mounts = [{\"location\":\"$WORK/name\"}]" reach.yaml
	[[ $output == *"Of this host, reach reads ~/name (with the keys to all instances)"* ]]
	[ "$(limactl plan --json reach.yaml 2>/dev/null | jq -r .reach.reach)" = "$words" ]
	run -0 --separate-stderr limactl create --tty=false reach.yaml
	said info "Of this host, \`reach\` $words"
	[[ $(limactl plan --set '.cpus=3' reach 2>/dev/null) != *"Of this host"* ]]
	# nothing of it, nothing said
	[[ $(limactl plan a.yaml 2>/dev/null) != *"Of this host"* ]]
}

# the command changes the file `own`, whose mode, owner, list and names stay
keeps() {
	chmod "$MODE" own
	"$@"
	[ "$(stat -c '%a %u:%g' own)" = "$MODE ${OWNER:-$(id -u):$(id -g)}" ]
	[ -L link ] && cmp own link
	[ "$(cat hard)" = "$(cat own)" ]
}

@test "files of the user keep their mode, owner, links and access lists" {
	cp a.yaml own
	ln -s own link
	ln own hard
	for MODE in 600 640 604; do
		keeps limactl edit --cpus "${MODE:0:2}" ./link
		grep -q "cpus: ${MODE:0:2}" own
		keeps limactl yq -i ".memory = \"${MODE}MiB\"" link
		grep -q "memory: ${MODE}MiB" hard
	done
	rm hard
	ln -s own hard
	if [ "$(id -u)" = 0 ]; then
		chown 65534:65534 own
		OWNER=65534:65534
	fi
	# where the file system has such things
	xattr=$(python3 -c 'import os; os.setxattr("own", "user.mine", b"kept"); print("kept")' 2>/dev/null) || xattr=none
	MODE=600 keeps limactl edit --cpus 8 ./link
	MODE=640 keeps limactl yq -i '.cpus = 9' link
	grep -q 'cpus: 9' own
	[ "$xattr" = none ] || [ "$(python3 -c 'import os; print(os.getxattr("own", "user.mine").decode())')" = kept ]
	[ "$(find . -name 'own.*' | wc -l)" = 0 ]
	# an instance's own, which may be kept elsewhere and hold secrets
	limactl create --tty=false --name=b a.yaml 2>/dev/null
	[ "$(stat -c %a "$LIMA_HOME/b/lima.yaml")" = 600 ]
	chmod 640 "$LIMA_HOME/b/lima.yaml"
	mv "$LIMA_HOME/b/lima.yaml" mine.yaml
	ln -s "$PWD/mine.yaml" "$LIMA_HOME/b/lima.yaml"
	limactl edit --cpus 2 b 2>/dev/null
	[ -L "$LIMA_HOME/b/lima.yaml" ]
	[ "$(stat -c %a mine.yaml)" = 640 ]
	grep -q 'cpus: 2' mine.yaml
	# the list of networks, and what is not a file is written into, not replaced
	limactl network create n1 --gateway 192.168.77.1
	chmod 600 "$LIMA_HOME/_config/networks.yaml"
	limactl network create n2 --gateway 192.168.78.1
	[ "$(stat -c %a "$LIMA_HOME/_config/networks.yaml")" = 600 ]
	[ "$(limactl generate-jsonschema --schemafile /dev/stdout 2>/dev/null | head -c 1)" = "{" ]
	[ -L /dev/stdout ]
}

@test "edit: a file" {
	run -0 --separate-stderr limactl edit --cpus 7 ./a.yaml
	[ -z "$output$stderr" ]
	grep -q '^cpus: 7' a.yaml
	run -1 limactl edit --set '.cpus="x"' ./a.yaml
	grep -q '^cpus: 7' a.yaml
}

@test "clone and rename" {
	make_instance a
	echo precious >>"$LIMA_HOME/a/disk"
	limactl protect a 2>/dev/null
	run -0 --separate-stderr limactl clone --yes a b
	[ -z "$output" ]
	[ ! -e "$LIMA_HOME/b/protected" ]
	cmp "$LIMA_HOME/a/disk" "$LIMA_HOME/b/disk"
	grep -q '^Host lima-b$' "$LIMA_HOME/b/ssh.config"
	run -0 --separate-stderr limactl rename --cpus 1 a c
	[ -z "$output" ]
	[ -e "$LIMA_HOME/c/protected" ]
	[ ! -e "$LIMA_HOME/a" ]
	cmp "$LIMA_HOME/b/disk" "$LIMA_HOME/c/disk"
	[ "$(limactl ls -f '{{.Name}} {{.CPUs}}' c)" = 'c 1' ]
	[[ $(limactl plan) == *'Nothing to do: 2 instances'* ]]
	run -1 --separate-stderr limactl clone nix d
	said fatal 'instance `nix` not found'
	run -1 --separate-stderr limactl clone b c
	said fatal 'instance `c` already exists'
	run -1 --separate-stderr limactl rename b b
	said fatal 'new instance name `b` must be different from `b`'
}

@test "protect and unprotect" {
	make_instance a
	run -1 --separate-stderr limactl protect nix
	[[ $stderr == *'level=fatal msg="failed to inspect instance `nix`'* ]]
	run -0 --separate-stderr limactl protect a
	said info 'Protected `a`'
	[ -e "$LIMA_HOME/a/protected" ]
	run -0 --separate-stderr limactl protect a
	said warning 'Instance `a` is already protected. Skipping.'
	run -1 --separate-stderr limactl delete --force a
	[[ $stderr == *'level=fatal msg="failed to delete instance `a`: instance is protected'* ]]
	run -1 --separate-stderr limactl factory-reset a
	[[ $stderr == *'instance is protected to prohibit accidental removal'* ]]
	run -0 --separate-stderr limactl unprotect a
	said info 'Unprotected `a`'
	run -0 --separate-stderr limactl unprotect a
	said warning "Instance \`a\` isn't protected. Skipping."
	run -0 --separate-stderr limactl delete --force a
	[[ $stderr == *'level=info msg="Deleted `a`'* ]]
	[[ $(limactl plan) == *'Nothing to do'* ]]
}

@test "a protection taken away by hand stays away" {
	make_instance a
	limactl protect a 2>/dev/null
	rm -f "$LIMA_HOME/a/protected"
	[[ $(limactl plan) == *'Nothing to do'* ]]
	run -0 limactl delete a
}

@test "exit codes of what is not there, or not so" {
	make_instance a
	run -0 --separate-stderr limactl delete nix
	said warning 'Ignoring non-existent instance `nix`'
	run -0 limactl remove --force nix
	run -1 --separate-stderr limactl stop nix
	said fatal "instance \`nix\` does not exist: open $LIMA_HOME/nix/lima.yaml: no such file or directory"
	run -1 --separate-stderr limactl stop a
	said fatal 'expected status `Running`, got `Stopped` (maybe use `limactl stop -f`?)'
	run -0 limactl stop -f a
	run -0 --separate-stderr limactl factory-reset nix
	said info 'Instance `nix` not found'
	for words in 'shell nix' 'show-ssh nix' 'copy nix:/a b' 'tunnel nix'; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr limactl $words
		said fatal 'instance `nix` does not exist, run `limactl create nix` to create a new instance'
	done
	for words in 'shell a' 'copy a:/x .' 'tunnel a'; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr limactl $words </dev/null
		said fatal 'instance `a` is stopped, run `limactl start a` to start the instance'
	done
	run -1 --separate-stderr limactl screenshot a
	said fatal 'instance \"a\" is not running (status: Stopped)'
}

@test "a stopped instance that is deleted beside a refusal" {
	for i in a b c; do make_instance "$i"; done
	limactl protect b 2>/dev/null
	run -1 limactl delete a b c
	[ "$(limactl list -q)" = $'b\nc' ]
}

@test "show-ssh in its formats" {
	make_instance a
	run -0 --separate-stderr limactl show-ssh a
	[[ $stderr == *'is deprecated. Instead, use `ssh -F'* ]]
	[[ $output == "ssh -o 'IdentityFile=\"$LIMA_HOME/_config/user\"' -o StrictHostKeyChecking=yes "*' -o Hostname=127.0.0.1 -o Port='*' lima-a' ]]
	run -0 --separate-stderr limactl show-ssh -f args a
	[[ $output == -o* && $output != *lima-a ]]
	run -0 --separate-stderr limactl show-ssh -f options a
	[ "${lines[1]}" = StrictHostKeyChecking=yes ]
	run -0 --separate-stderr limactl show-ssh -f config a
	[ "$output" = "$(grep -v '^#' "$LIMA_HOME/a/ssh.config")" ]
	run -1 --separate-stderr limactl show-ssh -f x a
	said fatal 'unknown format: `x`'
}

@test "info has what clients read" {
	limactl info >info.json
	jq -e '.version | test("^v[0-9]+[.][0-9]+[.][0-9]+")' info.json
	jq -e --arg h "$LIMA_HOME" '.limaHome == $h and .hostOS == "linux" and (.templates | type == "array") and
		.identityFile == $h + "/_config/user" and .vmTypes == ["qemu"] and (.shellEnvBlock | index("SSH_*"))' info.json
	[ "$(limactl info --yq .hostOS)" = linux ]
	[ "$(limactl info | head -n 2 | tail -n 1 | cut -c 1-15)" = '    "version": ' ]
}

@test "watch tells what happens" {
	make_instance a
	timeout 20 "$BIN/limactl" watch --json >events 2>status &
	pid=$!
	timeout 10 bash -c 'until grep -q Watching status; do sleep 0.05; done'
	echo '{"time":"2026-01-01T00:00:00Z","status":{"running":true}}' >"$LIMA_HOME/a/ha.stdout.log"
	make_instance b
	timeout 10 bash -c 'until grep -q "New instance detected: b" status && [ -s events ]; do sleep 0.05; done'
	kill $pid
	wait $pid || true
	[ "$(cat events)" = '{"instance":"a","event":{"time":"2026-01-01T00:00:00Z","status":{"running":true}}}' ]
}

@test "prune takes the cache away, or what nobody refers to" {
	d=$XDG_CACHE_HOME/lima/download/by-url-sha256
	mkdir -p "$d/0000"
	touch "$d/0000/data"
	sed 's|location: .*|location: https://example.invalid/x.img|' a.yaml >b.yaml
	mkdir -p "$LIMA_HOME/b" "$d/$(printf https://example.invalid/x.img | sha256sum | cut -c 1-64)"
	cp b.yaml "$LIMA_HOME/b/lima.yaml"
	kept=$d/$(printf https://example.invalid/x.img | sha256sum | cut -c 1-64)
	printf https://example.invalid/x.img >"$kept/url"
	touch "$kept/data.part"
	gone=$d/$(printf https://example.invalid/y.img | sha256sum | cut -c 1-64)
	mkdir "$gone"
	printf https://example.invalid/y.img >"$gone/url"
	before=$(find "$d" | sort)
	run -0 limactl prune --keep-referred --dry-run
	[[ $output == *'- download  0000'* && $output == *'- download  https://example.invalid/y.img'* ]]
	[[ $output == *'- download  part of https://example.invalid/x.img'*'Plan: 3 to remove'* ]]
	[ "$(find "$d" | sort)" = "$before" ]
	run -0 limactl prune --keep-referred
	[ "$(find "$d" -mindepth 1)" = "$kept"$'\n'"$kept/url" ]
	[[ $(limactl history) == *'prune --keep-referred'* ]]
	run -0 limactl prune --dry-run
	[[ $output == *"- cache     $XDG_CACHE_HOME/lima"*'Plan: 2 to remove'* ]]
	# what is being downloaded stays, and with it the cache
	exec 9<"$kept"; flock 9
	run -0 --separate-stderr limactl prune
	[[ $stderr == *'https://example.invalid/x.img is being downloaded: it stays'* ]]
	[ -e "$kept/url" ]
	exec 9<&-
	run -0 --separate-stderr limactl prune
	said info "Pruning \`$XDG_CACHE_HOME/lima\`"
	[ ! -e "$XDG_CACHE_HOME/lima" ]
}

# A systemctl that notes what it is asked, and where it would look for units.
stand_in_systemctl() {
	mkdir -p bin
	printf '#!/bin/sh\necho "$*" >>"%s/log"\n%s\n' "$WORK" "${1:-}" >bin/systemctl
	chmod +x bin/systemctl
	export PATH=$WORK/bin:$PATH LIMACTL_TEST_SYSTEMD=1 XDG_CONFIG_HOME=$WORK/config
	units=$WORK/config/systemd/user
}

@test "autostart: a unit of systemd, which goes with the instance" {
	stand_in_systemctl
	unit=$units/lima-vm@a.service
	make_instance a
	run -0 --separate-stderr limactl autostart enable a
	said info 'Instance `a` registered to start at login'
	grep -q "^ExecStart=\".*/limactl\" start %i --foreground" "$unit"
	grep -qF "LIMA_HOME=$LIMA_HOME" "$unit"
	[ "$(tail -n 1 log)" = '--user enable lima-vm@a.service' ]
	mkdir -m 700 run
	XDG_RUNTIME_DIR=$WORK/run systemd-analyze --user verify --man=no "$unit"
	run -0 --separate-stderr limactl autostart disable a
	said info 'Instance `a` unregistered from start at login'
	[ ! -e "$unit" ]
	run -0 --separate-stderr limactl autostart disable a
	said info 'Instance `a` is not registered for automatic startup'
	run -0 --separate-stderr limactl start-at-login a
	said info 'The autostart entry for instance `a` has been created'
	# an instance of the same name, of another home
	LIMA_HOME=$WORK/other make_instance a
	LIMA_HOME=$WORK/other limactl delete -f a
	[ -e "$unit" ]
	limactl delete -f a
	[ ! -e "$unit" ]
	[ "$(tail -n 1 log)" = '--user disable lima-vm@a.service' ]
	run -1 --separate-stderr limactl autostart enable nix
	said fatal 'instance \"nix\" not found'
}

@test "autostart: rename carries the unit along, clone does not, and a plan sees one that is gone" {
	stand_in_systemctl
	make_instance a
	limactl autostart enable a
	limactl clone --tty=false a copy
	[ ! -e "$units/lima-vm@copy.service" ]
	limactl rename --tty=false a b
	[ ! -e "$units/lima-vm@a.service" ]
	grep -qF "LIMA_HOME=$LIMA_HOME" "$units/lima-vm@b.service"
	[ "$(tail -n 2 log)" = $'--user enable lima-vm@b.service\n--user disable lima-vm@a.service' ]
	[[ $(limactl plan) == *'Nothing to do: 2 instances'* ]]
	[[ $(limactl history) == *rename* ]]
	# one that somebody took away, and one whose instance was moved when it was killed in the middle
	rm "$units/lima-vm@b.service"
	run -0 limactl plan b
	[[ $output == *'~ autostart b'*'unit: unset -> b'*'Plan: 1 to change'* ]]
	apply --stopped b
	[ -e "$units/lima-vm@b.service" ]
	# one that somebody has edited is told as that, and written again
	sed -i 's/Restart=.*/Restart=always/' "$units/lima-vm@b.service"
	run -0 limactl plan --drift b
	[[ $output == *'! autostart b  (was changed)'*'text: unset -> edited by somebody else'*'revert: put back in place'* ]]
	apply --stopped b
	grep -q 'Restart=on-failure' "$units/lima-vm@b.service"
	LIMACTL_TEST_KILL_AT=3 run -137 limactl rename --tty=false b c
	apply --stopped c
	[ -e "$units/lima-vm@c.service" ]
	[ ! -e "$units/lima-vm@b.service" ]
	# neither a reset nor a lost database is news to it
	limactl factory-reset c
	rm -r "$LIMA_HOME/_state"
	[[ $(limactl plan c) != *'autostart'* ]]
	[ -e "$units/lima-vm@c.service" ]
}

@test "autostart: a unit that systemctl does not let go of goes nevertheless, and a copied home leaves it alone" {
	stand_in_systemctl '[ "$2" != disable ] || { echo no bus >&2; exit 1; }'
	make_instance a
	limactl autostart enable a
	cp -r "$LIMA_HOME" other
	[[ $(LIMA_HOME=$WORK/other limactl plan a) != *autostart* ]]
	LIMA_HOME=$WORK/other limactl delete -f a
	[ -e "$units/lima-vm@a.service" ]
	mkdir "$units/default.target.wants"
	ln -s ../lima-vm@a.service "$units/default.target.wants/lima-vm@a.service"
	run -0 --separate-stderr limactl delete a
	[[ $stderr == *'no bus; its files were removed'* ]]
	[ -z "$(find "$units" ! -type d)" ]
}

@test "create and edit refuse what start would refuse, and leave nothing" {
	cold_yaml >a.yaml
	{ cat a.yaml; echo 'networks: [{vzNAT: true}]'; } >v2.yaml
	{ cat a.yaml; echo 'vmOpts: {qemu: {minimumVersion: 99.0.0}}'; } >new.yaml
	fails_with 'networks[].vzNAT' create --tty=false --name v2 v2.yaml
	[ ! -e "$LIMA_HOME/v2" ]
	limactl create --tty=false --name a a.yaml
	fails_with 'networks[].vzNAT' edit --tty=false --set '.networks=[{"vzNAT":true}]' a
	fails_with 'QEMU 99.0.0 or newer is wanted' create --tty=false --name n new.yaml
	[ ! -e "$LIMA_HOME/n" ]
	fails_with 'QEMU 99.0.0 or newer is wanted' plan --name n new.yaml
	# one that has it from elsewhere can be stopped, and is told why it does not start
	mkdir -p "$LIMA_HOME/n"
	cp new.yaml "$LIMA_HOME/n/lima.yaml"
	run -0 limactl plan --stopped n
	fails_with 'QEMU 99.0.0 or newer is wanted' start --tty=false n
	sed -i s/99.0.0/7.0.0/ "$LIMA_HOME/n/lima.yaml"
	run -0 limactl plan n
}

@test "the plan tells what this host lacks for a machine, with its package" {
	local arch package
	while read -r arch package; do
		cold_yaml | sed "s/x86_64/$arch/" >a.yaml
		printf 'arch: %s\n' "$arch" >>a.yaml
		# a QEMU of every architecture, with no firmware beside it
		mkdir -p q/bin
		printf '#!/bin/sh\necho QEMU emulator version 9.0.0\n' >q/bin/qemu
		chmod +x q/bin/qemu
		if [ "$package" = none ]; then
			run -0 env "QEMU_SYSTEM_$(tr a-z A-Z <<<"${arch/ppc64le/ppc64}")=$WORK/q/bin/qemu" "$BIN/limactl" plan a.yaml
		elif [ ! -e "$(echo /usr/share/$package)" ] && ! ls /usr/share/*/*AAVMF32* /usr/share/*/RISCV_VIRT_CODE.fd >/dev/null 2>&1; then
			run env "QEMU_SYSTEM_$(tr a-z A-Z <<<"${arch/armv7l/arm}")=$WORK/q/bin/qemu" "$BIN/limactl" plan a.yaml
			[ "$status" -ne 0 ]
			[[ $output == *"no UEFI firmware for $arch on this host: install the package $package"* ]]
		fi
		run env "QEMU_SYSTEM_X86_64=$WORK/none" "$BIN/limactl" plan --set '.arch="x86_64"' a.yaml
		[ "$status" -ne 0 ]
	done <<-EOF
		riscv64 qemu-efi-riscv64
		armv7l qemu-efi-arm
		ppc64le none
		s390x none
	EOF
}

@test "without words the file of this folder is meant, --all is every instance, and a file stands for its instance" {
	cd "$WORK"
	run -0 limactl plan
	[[ $output == "Nothing to do: there is no instance in $LIMA_HOME, and no fleet.yaml or lima.yaml in this folder." ]]
	fails_with "there is no fleet.yaml or lima.yaml in this folder" validate
	mkdir -p proj sub
	cold_yaml >proj/lima.yaml
	fails_with "there is no fleet.yaml or lima.yaml in that folder" plan -f sub
	run -0 limactl plan --stopped -f proj
	[[ $output == *'+ disk '*lima* ]]
	cd proj
	run -0 --separate-stderr limactl validate
	[[ $stderr == *'`lima.yaml`: OK'* ]]
	apply --stopped
	[ -e "$LIMA_HOME/lima/disk" ]
	fails_with "--all is every instance" plan --all lima
	fails_with "what is to be changed?" plan --all --set .cpus=1
	cold_yaml >web.yaml
	apply --stopped web.yaml
	run -0 limactl plan --all
	[[ $output == *'Nothing to do: 2 instances are as wanted.'* ]]
	cd "$LIMA_HOME/web"
	run -0 limactl plan
	[[ $output == 'Nothing to do: 1 instance is as wanted.
web: by its own copy'* ]]
	cd "$WORK/sub"
	run -0 --separate-stderr limactl plan
	[[ $output == *'Nothing to do: 2 instances'* && $stderr == *"every instance of $LIMA_HOME is meant, which is 2"* ]]
	cd "$WORK/proj"
	run -0 limactl list -q web.yaml
	[ "$output" = web ]
	limactl protect web.yaml
	limactl unprotect ./web.yaml
	limactl delete -f web.yaml
	[ ! -e "$LIMA_HOME/web" ]
	fails_with 'instance `web` does not exist' stop web.yaml
	# what ends like a file and is none, for each command that takes the name of what is there
	for words in stop delete restart protect unprotect shell show-ssh factory-reset 'snapshot list' watch list; do
		fails_with 'there is no file `./nix.YAML`, and no instance `nix` that it could stand for' $words ./nix.YAML
	done
	# a file that made others, by another name or as a fleet
	limactl create --tty=false --name other web.yaml
	fails_with 'there is no instance `web`; what was made from web.yaml is `other`' stop web.yaml
	fails_with 'instance name `new.yaml` must not end with' clone other new.yaml
}
