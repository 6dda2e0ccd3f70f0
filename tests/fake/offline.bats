#!/usr/bin/env bats
# What is fetched ahead, and a run that downloads nothing, by a server that is there and goes away.
load helper

setup() {
	home_begin
	cd "$WORK" || return
	mkdir srv
	truncate -s 1M srv/disk.img
	echo good | dd of=srv/disk.img conv=notrunc status=none
	fake_yaml >f.yaml
	python3 -u -m http.server --bind 127.0.0.1 --directory srv 0 >server.log 2>&1 &
	SERVER=$!
	timeout 60 bash -c 'until grep -q "port [0-9]" server.log; do sleep 0.1; done'
	HOST=http://127.0.0.1:$(grep -o 'port [0-9]*' server.log | head -n 1 | cut -d' ' -f2)
	URL=$HOST/disk.img
	DIGEST=sha256:$(sha256sum srv/disk.img | cut -d' ' -f1)
	sed -i "s|location: .*|location: $URL|; s|^  arch:.*|&\n  digest: $DIGEST|" f.yaml
}

teardown() {
	server_gone
	cd /
	home_end
}

server_gone() {
	[ -z "$SERVER" ] || kill "$SERVER" 2>/dev/null || true
	SERVER=
}

entry() { echo "$XDG_CACHE_HOME/lima/download/by-url-sha256/$(printf %s "$1" | sha256sum | cut -d' ' -f1)"; }

@test "without a network nothing is begun, and what is missing is named with the way to it" {
	for words in 'plan f.yaml' 'apply f.yaml' 'create --tty=false f.yaml' 'start --tty=false f.yaml'; do
		# shellcheck disable=SC2086 # words
		fails_with "--offline: 1 file (size unknown) would be downloaded, so nothing was done; where there is a network, \`limactl fetch f.yaml\` gets it" \
			$words --offline
		[[ $stderr == *"$URL: is not on this host"* ]]
		[ ! -e "$LIMA_HOME/f" ]
	done
	[ ! -s server.log ] || ! grep -q GET server.log
}

@test "what was fetched is all that an apply needs, and nothing of the instance is there before that" {
	run -0 limactl fetch --dry-run f.yaml
	[[ $output == *'+ image '* && $output != *'dir '* ]]
	[ ! -e "$(entry "$URL")" ]
	run -0 limactl fetch f.yaml
	[ -e "$(entry "$URL")/data" ]
	[ ! -e "$LIMA_HOME/f" ]
	[ -z "$(limactl list -q)" ]
	run -0 limactl fetch f.yaml
	[[ $output == *'Nothing to fetch: what 1 instance needs is on this host.'* ]]
	server_gone
	run -0 limactl apply --offline f.yaml
	[ "$(head -n 1 "$LIMA_HOME/f/disk" | tr -d '\0')" = good ]
	run -0 limactl plan --offline f.yaml
	[[ $output == *'Nothing to do'* ]]
	run -0 limactl fetch f
	[[ $output == *'Nothing to fetch'* ]]
}

@test "an instance that is to be stopped stays so, and what it was last asked to be is not forgotten" {
	limactl apply --stopped f.yaml
	limactl fetch f.yaml
	limactl fetch f
	run -0 limactl plan f
	[[ $output == *'Nothing to do'* ]]
	[ "$(status_of f)" = Stopped ]
}

@test "cached bytes count by their digest; how many are missing is known of what was here once" {
	limactl apply --stopped f.yaml
	limactl delete -f f
	limactl prune
	fails_with '--offline: 1 file (1MiB) would be downloaded' apply --offline f.yaml
	limactl fetch f.yaml
	# other bytes under the same name are as good as none
	echo evil | dd of="$(entry "$URL")/data" conv=notrunc status=none
	fails_with '--offline: 1 file' plan --offline f.yaml
	# bytes that nobody has checked yet are checked then
	cp srv/disk.img "$(entry "$URL")/data"
	rm -f "$(entry "$URL")"/sha256.*
	run -0 limactl plan --offline f.yaml
	server_gone
	run -0 limactl apply --offline f.yaml
}

@test "prune says how many bytes each thing is, and who would need what stays" {
	limactl apply --stopped f.yaml
	cp srv/disk.img srv/other.img
	sed "s|disk.img|other.img|" f.yaml >o.yaml
	limactl fetch o.yaml
	run -0 limactl prune --dry-run
	[[ $output == *"- download  $URL  (1"*"MiB)"* ]]
	run -0 limactl prune --keep-referred --dry-run
	[[ $output == *"- download  $HOST/other.img  (1"*"MiB)"* && $output != *"- download  $URL"* ]]
	[[ $output == *"$URL stays: "*'f'*' would need it'* ]]
}

@test "one of several images that is here whole will do" {
	cp srv/disk.img here.img
	cat >>f.yaml <<-END
		minimumLimaVersion: 2.0.0
	END
	sed -i "s|^images:|images:\n- {location: $HOST/elsewhere.img, arch: x86_64, digest: $DIGEST}|; s|location: $URL|location: $WORK/here.img|" f.yaml
	run -0 limactl plan --offline f.yaml
}

@test "a template that a server has is fetched ahead, too" {
	cp f.yaml srv/base.yaml
	printf 'base: %s/base.yaml\ncpus: 2\n' "$HOST" >g.yaml
	fails_with "$HOST/base.yaml: is not on this host, and --offline downloads nothing" plan --offline g.yaml
	run -0 limactl fetch g.yaml
	server_gone
	run -0 limactl apply --offline g.yaml
	grep -q '^cpus: 2' "$LIMA_HOME/g/lima.yaml"
}
