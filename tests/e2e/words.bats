#!/usr/bin/env bats
# The command line as words: flags, names, help, completion, the log. No instance is made here.
load helper

setup() {
	home_begin
}

teardown() {
	home_end
}

# one line on stderr, a fatal record with exactly this message (as a Go string without its quotes)
fatal() {
	local message=$1
	shift
	run --separate-stderr limactl "$@"
	[ "$status" -eq 1 ] || { echo "exit status $status: $*"; return 1; }
	[ -z "$output" ] || { echo "on stdout: $output"; return 1; }
	[[ $stderr =~ ^time=\"[^\"]+\"\ level=fatal\ msg=\"?(.*[^\"]|.*\\\")\"?$ && ${BASH_REMATCH[1]} == "$message" ]] ||
		{ echo "wanted: $message"; echo "got:    $stderr"; return 1; }
}

@test "flags that are wrong are told as pflag does" {
	fatal 'unknown flag: --bogus' --bogus
	fatal 'unknown flag: --bogus' list --bogus
	fatal "unknown shorthand flag: 'z' in -z" -z
	fatal 'flag needs an argument: --timeout' start --timeout
	fatal "flag needs an argument: 'f' in -f" list -f
	fatal 'invalid argument \"x\" for \"--cpus\" flag: strconv.ParseInt: parsing \"x\": invalid syntax' start --cpus x
	fatal 'invalid argument \"x\" for \"-f, --force\" flag: strconv.ParseBool: parsing \"x\": invalid syntax' stop --force=x a
	fatal 'invalid argument \"5\" for \"--timeout\" flag: time: missing unit in duration \"5\"' start --timeout 5
	fatal 'invalid argument \"foo\" for \"--dns\" flag: invalid string being converted to IP address: foo' start --dns foo
	fatal 'invalid argument \"70000\" for \"--ssh-port\" flag: strconv.ParseUint: parsing \"70000\": value out of range' \
		start --ssh-port 70000
	fatal 'required flag(s) \"size\" not set' disk create x
}

@test "near misses get a hint" {
	# a record each: nobody reads escaped line breaks
	run -1 --separate-stderr limactl lst
	[[ ${stderr_lines[0]} == *'msg="unknown command \"lst\" for \"limactl\""' && ${stderr_lines[1]} == *'msg="Did you mean this?"' ]]
	[[ ${stderr_lines[2]} == *' msg=list' && ${#stderr_lines[@]} -eq 3 ]]
	run -1 --separate-stderr limactl ssh
	[[ ${stderr_lines[2]} == *' msg=shell' ]]
	fatal 'unknown command \"qqqqq\" for \"limactl\"' qqqqq
	fatal 'unknown flag: --forse (did you mean --force?)' stop --forse
}

@test "wrong counts of arguments show the usage" {
	run --separate-stderr limactl delete
	[ "$status" -eq 1 ]
	[[ $stderr == *'msg="`limactl delete` requires at least 1 arg(s), only received 0."'* && ${stderr_lines[1]} == *'msg="See `limactl delete --help`."' ]]
	[[ ${stderr_lines[2]} == *'msg="Usage:  limactl delete '* ]]
	# for programs: one record, and the advice a field, wherever the format stands among the words
	while IFS='|' read -r words msg hint; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr limactl $words
		[ "$status" -eq 1 ]
		jq -se --arg msg "$msg" --arg hint "$hint" 'length == 1 and .[0].level == "fatal" and .[0].msg == $msg and (.[0].hint // "") == $hint' \
			<<<"$stderr" || { echo "$words: $stderr"; return 1; }
	done <<-'EOF2'
		lst --log-format json|unknown command "lst" for "limactl"|Did you mean this? list
		frob --log-format=json|unknown command "frob" for "limactl"|
		--log-format json plan --memroy=3|unknown flag: --memroy|did you mean --memory?
		plan --memroy 3 --log-format=json|unknown flag: --memroy|did you mean --memory?
		plan --log-format=json -Q|unknown shorthand flag: 'Q' in -Q|
		plan --log-format=json --memory|flag needs an argument: --memory|
		list --log-level=x --log-format=json|not a valid logrus Level: "x"|
		disk create --log-format json|`limactl disk create` accepts 1 arg(s), received 0.|See `limactl disk create --help`. Usage:  limactl disk create DISK [flags] Create a disk
		--log-format json restart nosuch|instance `nosuch` does not exist|run `limactl create nosuch` to create it
	EOF2
	run --separate-stderr limactl info x
	[[ $stderr == *'`limactl info` unknown command \"x\" for \"limactl info\".'* ]]
	run --separate-stderr limactl start a b
	[[ $stderr == *'accepts at most 1 arg(s), received 2'* ]]
	run --separate-stderr limactl clone a
	[[ $stderr == *'accepts 2 arg(s), received 1'* ]]
	run --separate-stderr limactl template copy
	[[ $stderr == *'accepts between 1 and 2 arg(s), received 0'* ]]
}

@test "flags may stand before the command and behind its arguments" {
	run -0 --separate-stderr limactl --log-level=debug --yes list --json
	run -0 --separate-stderr limactl --format json list
	run -1 --separate-stderr limactl list x --json
	[[ $stderr == *'No instance matching x found.'* ]]
	fatal 'cannot use both --tty and --yes flags at the same time' list --tty --yes
}

@test "version and help" {
	run -0 --separate-stderr limactl --version
	[[ $output =~ ^limactl\ version\ [0-9] ]]
	[ -z "$stderr" ]
	run -0 limactl
	[[ $output == *'Basic Commands:'* && $output == *'  start  '* ]]
	run -0 limactl disk
	[[ $output == *'limactl disk [command]'* ]]
	run -0 limactl disk bogus
	[[ $output == *'limactl disk [command]'* ]]
	run -0 --separate-stderr limactl help bogus
	[ -z "$output" ]
	[[ $stderr == 'Unknown help topic [`bogus`]'* ]]
}

@test "every command has a --help with examples and its flags" {
	local words name
	words=$(limactl __completeNoDesc "" | grep -v '^:')
	for name in $words; do
		run -0 --separate-stderr limactl "$name" --help
		[ -z "$stderr" ]
		[[ $output == *'Usage:'* && $output == *'Examples:'* && $output == *'--help'* ]] || { echo "$name: $output"; return 1; }
		[ "$(limactl help "$name")" = "$output" ]
	done
}

@test "the log as text, as JSON, and only from a level on" {
	run --separate-stderr limactl --log-format json list
	[[ $stderr =~ ^\{\"level\":\"warning\",\"msg\":\"No\ instance\ found.*\",\"time\":\"[0-9T:Z+-]+\"\}$ ]]
	run --separate-stderr limactl --log-level error list
	[ -z "$stderr" ]
	run --separate-stderr limactl --log-level panic list x
	[ "$status" -eq 1 ]
	[ -z "$stderr" ]
	fatal 'not a valid logrus Level: \"x\"' --log-level x list
	fatal 'unsupported log-format: `x`' --log-format x list
}

@test "completion prints scripts that shells can read" {
	run -0 limactl completion bash
	bash -n <<<"$output"
	for shell in zsh fish powershell; do
		run -0 limactl completion "$shell"
		[[ $output == *__complete* ]]
	done
	run -0 limactl completion bash --no-descriptions
	[[ $output == *__completeNoDesc* ]]
}

@test "bash completes commands, flags, values and names" {
	mkdir -p "$LIMA_HOME/foo" "$LIMA_HOME/_disks/data"
	PATH="$BIN:$PATH"
	unset -f limactl
	eval "$(limactl completion bash)"
	complete_line() {
		COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
		_limactl 2>/dev/null
		echo "${COMPREPLY[*]}"
	}
	[ "$(complete_line 'limactl shel')" = shell ]
	[ "$(complete_line 'limactl disk cr')" = create ]
	[ "$(complete_line 'limactl list --form')" = --format ]
	[ "$(complete_line 'limactl list --format=js')" = json ]
	[ "$(complete_line 'limactl list --format ')" = 'json yaml table' ]
	[ "$(complete_line 'limactl shell f')" = foo ]
	[ "$(complete_line 'limactl disk delete ')" = data ]
	[ "$(complete_line 'limactl start --mount-type 9')" = 9p ]
}

@test "a name with orders for a terminal in it is no candidate" {
	mkdir -p "$LIMA_HOME/fine" "$LIMA_HOME/"$'ev\e]52;x\a'
	cold_yaml | tee "$LIMA_HOME/fine/lima.yaml" >"$LIMA_HOME/"$'ev\e]52;x\a/lima.yaml'
	run -0 limactl __complete shell ''
	[[ $output == *fine* && $output != *$'\e'* ]]
	rm -rf "$LIMA_HOME/fine" "$LIMA_HOME/"$'ev\e]52;x\a'
}

@test "fish completes too, and zsh reads its script" {
	mkdir -p "$LIMA_HOME/foo"
	export PATH="$BIN:$PATH"
	limactl completion zsh >"$WORK/z"
	zsh -n "$WORK/z"
	limactl completion fish >"$WORK/f"
	fish_line() { timeout 20 fish --no-config -c "source $WORK/f; complete -C '$1'" | cut -f 1; }
	[ "$(fish_line 'limactl shell f')" = foo ]
	[ "$(fish_line 'limactl list --format=js')" = --format=json ]
	[ "$(fish_line 'limactl disk cre')" = create ]
}

@test "candidates end with a directive" {
	mkdir -p "$LIMA_HOME/foo"
	run -0 --separate-stderr limactl __complete shell ''
	[ "$output" = $'foo\n:4' ]
	run -0 limactl __complete cp f
	[ "$output" = $'foo:\n:2' ]
	[[ $(limactl __complete network create --interface '') == *lo* ]]
	run -0 limactl __complete list --quie
	[[ $output == $'--quiet\t'*$'\n:4' ]]
	run -0 limactl __completeNoDesc list --quie
	[ "$output" = $'--quiet\n:4' ]
}

@test "a plugin is a command, and gets its words as they are" {
	mkdir -p "$WORK/plugins"
	printf '#!/bin/sh\n# <limactl-desc> Says hello </limactl-desc>\necho "hello $*"\nexit 7\n' >"$WORK/plugins/limactl-hello"
	printf '#!/bin/sh\n' >"$WORK/plugins/limactl-list"
	chmod +x "$WORK/plugins"/*
	PATH=$WORK/plugins:$PATH run -7 limactl --debug hello --help -x 'a b'
	[ "$output" = 'hello --help -x a b' ]
	PATH=$WORK/plugins:$PATH run -0 limactl
	[[ $output == *'Available Plugins'*'hello'*'Says hello'* ]]
	PATH=$WORK/plugins:$PATH run -0 --separate-stderr limactl list
	[[ $stderr == *'No instance found'* ]]
	PATH=$WORK/plugins:$PATH limactl info | jq -e '.plugins[] | select(.name == "hello").description == "Says hello"'
}

@test "the manual is made from the same tables" {
	run -0 limactl generate-doc "$WORK/man"
	[ -f "$WORK/man/limactl.1" ]
	[ -f "$WORK/man/limactl-disk-create.1" ]
	# each program that is installed in the path has its page
	for program in "$REPO"/cli/wrappers/*; do [ -s "$WORK/man/${program##*/}.1" ]; done
	grep -q 'fB\\-\\-size' "$WORK/man/limactl-disk-create.1"
	[ ! -e "$WORK/man/limactl-hostagent.1" ]
	grep -q 'fBmounts\[\].sshfs.cache' "$WORK/man/lima.yaml.5"
	grep -q 'fBdependsOn\[\].restart' "$WORK/man/fleet.yaml.5"
	# the pages have no date, so that they are the same wherever they are made
	run mandoc -T lint -W warning "$WORK"/man/*
	[ -z "$(grep -v 'missing date' <<<"$output")" ] || { echo "$output"; return 1; }
	# the examples that lima.yaml(5) opens with are right, each by itself
	awk -v to="$WORK/example" '/^[.]SH/ { on = $2 == "EXAMPLES" } on && /^[.]nf/ { n++; copy = 1; next } /^[.]fi/ { copy = 0 }
		on && copy { gsub(/[\\]-/, "-"); print >(to n ".yaml") }' "$WORK/man/lima.yaml.5"
	[ "$(ls "$WORK"/example*.yaml | wc -l)" -eq 3 ]
	limactl validate "$WORK"/example*.yaml
	run -0 limactl generate-doc --type docsy "$WORK/md"
	grep -q -- '--size' "$WORK/md/limactl_disk_create.md"
}

@test "the schema of lima.yaml, and files held against it" {
	run -0 limactl generate-jsonschema
	[ "$(jq -r '.properties.cpus.type | join(" ")' <<<"$output")" = 'integer null' ]
	printf 'cpus: 2\nbase: template:default\n' >"$WORK/good.yaml"
	printf 'cpu: 2\n' >"$WORK/bad.yaml"
	run -1 --separate-stderr limactl generate-jsonschema "$WORK/good.yaml"
	[[ $stderr == *'need --schemafile to validate'* ]]
	run -0 --separate-stderr limactl generate-jsonschema --schemafile "$WORK/schema.json" "$WORK/good.yaml"
	[[ $stderr == *"good.yaml\`: OK"* ]]
	[ "$(jq -r .title "$WORK/schema.json")" = lima.yaml ]
	run -1 --separate-stderr limactl generate-jsonschema --schemafile "$WORK/schema.json" "$WORK/good.yaml" "$WORK/bad.yaml"
	[[ $stderr == *'bad.yaml:1:1: cpu'* ]]
	run -0 limactl __complete create --set .ssh.local
	[[ $output == ".ssh.localPort="* ]]
}

@test "yq, with its own flags, also by its own name" {
	run -0 limactl yq -n -o json -I 0 .foo=42
	[ "$output" = '{"foo":42}' ]
	printf '# head\na: 1 # one\n---\nb: 2\n' >"$WORK/x.yaml"
	run -0 limactl yq '.c = "x"' "$WORK/x.yaml"
	[ "$output" = $'# head\na: 1 # one\nc: x\n---\nb: 2\nc: x' ]
	run -0 limactl yq .a "$WORK/x.yaml"
	[ "$output" = $'1\n---\nnull' ]
	run -0 limactl yq -i '.a = 5' "$WORK/x.yaml"
	[ "$(head -n 2 "$WORK/x.yaml")" = $'# head\na: 5 # one' ]
	ln -s "$BIN/limactl" "$WORK/yq.x"
	run -0 "$WORK/yq.x" -p json .a <<<'{"a": "\ud83d\ude00"} {"a": 2}'
	[ "$output" = $'😀\n---\n2' ]
	run -1 limactl yq -e .nope "$WORK/x.yaml"
	run -1 --separate-stderr limactl yq -n 'load("/etc/passwd")'
	[ "$stderr" = 'Error: file operations have been disabled' ]
}

@test "yq: results apart by NUL, each in a file of its own, and the YAML at the head of a page" {
	cd "$WORK"
	mkdir yq-files
	cd yq-files
	printf 'a: 1\nb: "x"\n---\na: 2\nb: y\n' >t.yml
	limactl yq -0 .a,.b t.yml >out
	printf '1\0x\0---\n2\0y\0' | cmp - out
	printf 'a: "x\\0y"\n' >nul.yml
	fails_with 'a result has a NUL in it' yq -0 .a nul.yml
	limactl yq -s '"d/" + .b' -o json -I 0 . t.yml
	[ "$(cat d/x.json d/y.json)" = $'{"a":1,"b":"x"}\n{"a":2,"b":"y"}' ]
	limactl yq -s '"n" + ($index | tostring)' .a t.yml
	[ "$(cat n0.yml)" = 1 ]
	printf '.b + ".of"' >names
	limactl yq --split-exp-file names . t.yml
	[ "$(cat x.of)" = $'a: 1\nb: "x"' ]
	for name in ../out /tmp/out d/../../out; do
		fails_with 'is a name outside of this folder' yq -s "\"$name\"" . t.yml
	done
	[ ! -e ../out.yml ]
	fails_with 'write in place cannot be used with split file' yq -i -s .b . t.yml
	fails_with 'the names of files: bad expression' yq -s '.b[' . t.yml
	printf -- '---\na: 1\n---\nbody: [text\n---\nmore\n' >page.md
	[ "$(limactl yq -f extract .a page.md)" = 1 ]
	limactl yq -i -f process '.a = 3' page.md
	[ "$(cat page.md)" = $'---\na: 3\n---\nbody: [text\n---\nmore' ]
	fails_with "is extract or process, not 'bogus'" yq -f bogus . page.md
}

@test "yq: a part of a file is printed as it stands there" {
	cat >"$WORK/p.yaml" <<-'END'
		# top
		a: {x: 1, y: "two"} # flow
		b:
		  # inner
		  - one # c1
		  - 'two'
		c: |
		  block
		  text
		d: 0x1F
	END
	cd "$WORK"
	[ "$(limactl yq .a p.yaml)" = '{x: 1, y: "two"} # flow' ]
	[ "$(limactl yq '.a, .b' p.yaml)" = $'{x: 1, y: "two"} # flow\n# inner\n- one # c1\n- \'two\'' ]
	[ "$(limactl yq 'select(.d == "0x1F") | .b' p.yaml)" = $'# inner\n- one # c1\n- \'two\'' ]
	[ "$(limactl yq -r=false '.a.y, .b[1], .b[0], .d' p.yaml)" = $'"two"\n\'two\'\n# inner\none # c1\n0x1F' ]
	[ "$(limactl yq -r=false .c p.yaml)" = $'|\n  block\n  text' ]
	[ "$(limactl yq '.a.y, .b[1]' p.yaml)" = $'two\ntwo' ]
	[ "$(limactl yq -r=false '.b[1] | upcase' p.yaml)" = "'TWO'" ]
	[ "$(limactl yq '.b | length' p.yaml)" = 2 ]
	[ "$(limactl yq '.b[0] | sub("[on]"; "-")' p.yaml)" = --e ]
	[ "$(limactl yq '.b | (any_c(. == "two"), all_c(. == "two"))' p.yaml)" = $'true\nfalse' ]
	run -1 --separate-stderr limactl yq '.[' p.yaml
	[ "$stderr" = 'Error: bad expression: `.[`: column 3: expected `]` before this, to close what begins in column 1' ]
	run -1 --separate-stderr limactl yq 'if .a then 1 else 2 end' p.yaml
	[ "$stderr" = 'Error: bad expression: `if .a then 1 else 2 end`: column 1: `if` is not in yq; use `select`, `//` or `with`' ]
	[ "$(limactl yq -P .a p.yaml | head -n 1)" = 'x: 1' ]
	[ "$(limactl yq -r=false .nope p.yaml)" = null ]
	printf 'base: &b {k: v}\nuse: {deep: *b}\n' >anchor.yaml
	[ "$(limactl yq '.use | explode(.)' anchor.yaml | limactl yq .deep.k -)" = v ]
}

@test "what this host cannot do is said in one line" {
	fatal 'sudoers command is only supported on macOS right now' sudoers
	for words in 'hostagent x' usernet; do
		# shellcheck disable=SC2086
		run --separate-stderr limactl $words
		[ "$status" -eq 1 ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
}

@test "without a home there is a word for it" {
	unset LIMA_HOME
	run -0 --separate-stderr limactl list
	[[ $stderr == *'No instance found'* ]]
	run -0 env -i "$BIN/limactl" --version
}

@test "names that are none" {
	local long
	long=$(printf 'a%.0s' $(seq 200))
	for name in a/b ../a .. . .a -- a..b a- 'a b' $'a\tb' $'a\x01b' $'a\nb' "$long" 'a;b' 'ä' _a; do
		for words in 'create --name=@ -' 'start --name=@ -' 'shell --instance=@ true' 'delete -f @' 'stop @' 'protect @' 'clone @ b' \
			'rename a @' 'factory-reset @' 'disk create @ --size 1M' 'disk delete @' 'copy @:/x y'; do
			local -a argv=()
			for word in $words; do argv+=("${word//@/$name}"); done
			run --separate-stderr limactl --tty=false "${argv[@]}" <<<'images: [{location: /etc/profile}]'
			# what is not there may be deleted; whatever happens, it is no crash, and nothing comes of it
			[ "$status" -le 1 ] || { printf '%q ' "${argv[@]}"; echo "status $status: $stderr"; return 1; }
			[ -n "$stderr" ]
		done
	done
	[ -z "$(ls -A "$LIMA_HOME" 2>/dev/null | grep -v '^_')" ]
	[ "$(ls -A "$WORK" | sort | tr '\n' ' ')" = "$(ls -d "$WORK"/c "$WORK"/h 2>/dev/null | xargs -rn1 basename | sort | tr '\n' ' ')" ]
}

@test "template: copy, url and yq" {
	truncate -s 1M "$WORK/image"
	printf '# mine\nimages: [{location: image}]\ncpus: 3\n' >"$WORK/a.yaml"
	printf 'base: a.yaml\nmemory: 1GiB\n' >"$WORK/b.yaml"
	cd "$WORK"
	run -0 --separate-stderr limactl template copy b.yaml
	[ "$output" = $'base: '"$WORK"$'/a.yaml\nmemory: 1GiB' ]
	run -0 limactl tmpl copy --embed-all b.yaml out.yaml
	[ "$(limactl yq .cpus out.yaml) $(limactl yq .memory out.yaml)" = '3 1GiB' ]
	run -1 --separate-stderr limactl template copy --embed --verbatim b.yaml
	[[ $stderr == *'--verbatim cannot be used with any of --embed, --embed-all, or --fill'* ]]
	run -0 --separate-stderr limactl template yq b.yaml '.cpus, .images[0].location'
	[ "${lines[0]}" = 3 ]
	[ "$(limactl template yq b.yaml .nope)" = null ]
	run -1 --separate-stderr limactl template yq b.yaml 'env(HOME)'
	[[ $stderr == *'env operations have been disabled'* ]]
	[ "$(limactl template url template:default)" = template:default ]
	run -0 --separate-stderr limactl template url template://default
	[ "$output" = template:default ]
	[[ $stderr == *'should be written `template:default` since Lima v2.0'* ]]
	run -1 --separate-stderr limactl template url github:
	[[ $stderr == *'github: URL must contain at least an ORG'* ]]
}

@test "templates come through a proxy that opens TLS, if the user trusts it" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=proxy -keyout "$WORK/key.pem" -out "$WORK/cert.pem" \
		-addext 'subjectAltName=DNS:raw.githubusercontent.com,DNS:api.github.com' 2>/dev/null
	python3 "$REPO/tests/upstream/github.py" "$WORK/cert.pem" "$WORK/key.pem" > "$WORK/port" 2>/dev/null 3>&- &
	proxy=$!
	timeout 10 sh -c 'until [ -s "$1" ]; do sleep 0.1; done' _ "$WORK/port"
	export https_proxy=http://127.0.0.1:$(<"$WORK/port")
	run --separate-stderr limactl --debug template url github:jandubois
	distrusted=$status said=$stderr
	SSL_CERT_FILE=$WORK/cert.pem run --separate-stderr limactl --debug template url github:jandubois//redirect/
	kill "$proxy"
	[ "$distrusted" -eq 1 ] && [[ $said == *certificate* && $said == *level=fatal* ]]
	[ "$status $output" = '0 https://raw.githubusercontent.com/jandubois/lima/master/templates/default.yaml' ]
	[ "$(grep -c 'level=warning msg="The github: scheme is still EXPERIMENTAL"$' <<<"$stderr")" -eq 1 ]
	[[ $stderr == *'level=debug msg="Locator `github:jandubois//redirect/` replaced with `github:jandubois/lima/templates/default`"'* ]]
}

@test "what is inside a folder that the guest writes is told" {
	cold_yaml | sed '/^plain/d' >"$WORK/inside.yaml"
	cat >>"$WORK/inside.yaml" <<-EOF
		mountType: reverse-sshfs
		mounts: [{location: /tmp/w, writable: true}, {location: /tmp/w/vendor}, {location: /tmp/wide}]
		copyToHost: [{guest: /a, host: /tmp/w/out/a}]
		portForwards: [{guestSocket: /s, hostSocket: /tmp/w/s}]
	EOF
	run -0 --separate-stderr limactl plan "$WORK/inside.yaml"
	[[ $stderr == *":57: mounts[1].location: is inside \`/tmp/w\`"*"copyToHost[0].host: is inside"*"portForwards[0].hostSocket: is inside"* ]]
	[ "$(grep -c 'is inside' <<<"$stderr")" = 3 ]
}

@test "what a template from a server names of this host: told, asked about, refused where nobody can be asked" {
	mkdir -p "$WORK/www"
	cold_yaml >"$WORK/www/far.yaml"
	printf 'mounts:\n- {location: /srv, writable: true}\n' >>"$WORK/www/far.yaml"
	python3 -u -c 'import functools, http.server, sys
h = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
s = http.server.HTTPServer(("127.0.0.1", 0), h)
print(s.server_port)
s.serve_forever()' "$WORK/www" >"$WORK/www-port" 2>/dev/null 3>&- &
	server=$!
	timeout 10 sh -c 'until [ -s "$1" ]; do sleep 0.1; done' _ "$WORK/www-port"
	url=http://127.0.0.1:$(<"$WORK/www-port")/far.yaml
	run -0 --separate-stderr limactl plan "$url"
	[[ $stderr == *"far.yaml:2:13: images[0].location: "*"mounts[0].location: \`/srv\`"* ]]
	fails_with "give --allow-host-paths if it may use them" create "$url"
	[ ! -e "$LIMA_HOME/far" ]
	run -1 --separate-stderr limactl create --tty=true "$url" < <(echo 2)
	[[ $stderr == *"not allowed: nothing was done"* ]]
	run -0 limactl create --allow-host-paths "$url"
	limactl delete far
	# by way of a file of the user's, too
	printf 'base: %s\ncpus: 1\n' "$url" >"$WORK/near.yaml"
	fails_with "far.yaml:2:13: images[0].location" create "$WORK/near.yaml"
	# it opens no folder of the user's further, and gets no display
	for key in 'mounts: [{mountPoint: /x, writable: true}]' 'mounts: [{location: "https://x", mountPoint: /x, writable: true}]' \
		'mounts: [{location: "{{.Dir}}/x", mountPoint: /x, writable: true}]' 'mounts: [{mountPoint: /x, sshfs: {followSymlinks: true}}]' \
		'ssh: {forwardX11: true}' 'ssh: {forwardX11: true, forwardX11Trusted: true}' 'ssh: {loadDotSSHPubKeys: true}' \
		'portForwards: [{guestPort: 80, hostIP: 0.0.0.0}]' 'portForwards: [{guestPort: 80, hostIP: "::"}]' \
		'portForwards: [{guestSocket: /run/s, hostSocket: s, reverse: true}]' 'video: {vnc: {display: "0.0.0.0:1"}}' \
		'video: {vnc: {display: "127.example.org:1"}}'; do
		echo "$key" >"$WORK/www/far.yaml"
		{ cold_yaml; printf 'base: %s\nmounts: [{location: /srv, mountPoint: /x}]\n' "$url"; } >"$WORK/near.yaml"
		fails_with "give --allow-host-paths if it may use them" create "$WORK/near.yaml"
		[ ! -e "$LIMA_HOME/near" ]
	done
	# what is on the loopback, as with every template, is nothing to be asked
	cold_yaml >"$WORK/near.yaml"
	printf 'base: %s\n' "$url" >>"$WORK/near.yaml"
	printf 'portForwards: [{guestPort: 80, hostIP: 127.0.0.2}, {guestPort: 81, hostIP: "::1"}]\nvideo: {vnc: {display: "127.0.0.1:1,to=9"}}\nssh: {loadDotSSHPubKeys: false}\n' >"$WORK/www/far.yaml"
	run -0 limactl create "$WORK/near.yaml"
	limactl delete near
	kill "$server"
}

@test "the name server alone" {
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	"$BIN/limactl" debug dns "$port" "$port" 2>"$WORK/said" 3>&- &
	server=$!
	timeout 10 sh -c 'until grep -q "UDP port" "$1"; do sleep 0.1; done' _ "$WORK/said"
	run python3 - "$port" <<-'END'
		import socket, sys
		q = b"\0\7\1\0\0\1\0\0\0\0\0\0\x09localhost\0\0\1\0\1"
		u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		t = socket.socket()
		for s in u, t:
		    s.settimeout(10)
		    s.connect(("127.0.0.1", int(sys.argv[1])))
		u.send(q)
		t.send(bytes([0, len(q)]) + q)
		print(u.recv(512)[-4:] == b"\x7f\0\0\1", t.recv(512)[-4:] == b"\x7f\0\0\1")
	END
	kill "$server"
	[ "$output" = 'True True' ]
	wait "$server"
	fatal '5x is no port' debug dns 53 5x
}

@test "what create and start would not find is told by plan, where it is written, and nothing is made" {
	local key text words n=0
	truncate -s 1M "$WORK/raw.img"
	while IFS='|' read -r key text words; do
		printf 'disk: 4MiB\nimages: [{location: %s, arch: x86_64%s}]\n%b\n' "${text%%;*}" "${text#*;}" "$key" >"$WORK/n.yaml"
		for verb in 'plan' 'create --tty=false' 'start --tty=false'; do
			# shellcheck disable=SC2086 # words
			fails_with "$words" $verb "$WORK/n.yaml"
		done
		[ ! -e "$LIMA_HOME/n" ]
		n=$((n + 1))
	done <<-EOF
		|$WORK/raw.img;, kernel: {location: /nokernel}|images[0].kernel.location: there is no file /nokernel
		|$WORK/raw.img;, kernel: {location: $WORK/raw.img}, initrd: {location: /noinitrd}|images[0].initrd.location: there is no file /noinitrd
		|$WORK;|images[0].location: $WORK is a folder, not an ordinary file
		|/dev/null;|images[0].location: /dev/null is a device or socket, not an ordinary file
		|ftp://x/y;|images[0].location: \`ftp\` is fetched by nobody here: http, https, or a file
		containerd: {user: true, archives: [{location: /no.tgz, arch: x86_64}]}|$WORK/raw.img;|containerd.archives[0].location: there is no file /no.tgz
		firmware: {images: [{location: /no.fd, arch: x86_64, vmType: qemu}]}|$WORK/raw.img;|firmware.images[0].location: there is no file /no.fd
	EOF
	[ "$n" = 7 ]
}
