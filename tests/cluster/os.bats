# The OS definition that nodes of Ganeti write images by (guest/ganeti/lima), as Ganeti calls its scripts: without a cluster.
REPO=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	export LIMA_IMAGE_CACHE=$PWD/cache DISK_COUNT=1 DISK_0_PATH=$PWD/disk0 DISK_1_PATH=$PWD/disk1
	head -c 1M /dev/urandom >image
	truncate -s 2M disk0
	truncate -s 1M disk1
	wanted image
}

wanted() { export OSP_IMAGE=file://$PWD/$1 OSP_DIGEST=sha256:$(sha256sum <"$1" | cut -c1-64); }
os() { "$REPO/guest/ganeti/lima/$1" 2>&1; }

@test "an image is fetched once, and written as it is" {
	os verify
	os create
	cmp -n 1048576 image disk0
	mv image moved
	truncate -s 0 disk0 && truncate -s 2M disk0
	os create
	cmp -n 1048576 moved disk0
	[ "$(ls cache)" = "${OSP_DIGEST#sha256:}"$'\n'"${OSP_DIGEST#sha256:}.lock" ]
}

@test "four at once fetch it once" {
	for i in 1 2 3 4; do
		truncate -s 2M "d$i"
		DISK_0_PATH=$PWD/d$i os create 3>&- &
	done
	wait
	for i in 1 2 3 4; do cmp -n 1048576 image "d$i"; done
	run ! ls cache/*.part
}

@test "qcow2 becomes raw; one that stands on another file, or keeps its data in one, is refused" {
	qemu-img convert -O qcow2 image q.qcow2
	wanted q.qcow2
	os create
	cmp -n 1048576 image disk0
	qemu-img create -q -f qcow2 -b "$PWD/q.qcow2" -F qcow2 backed.qcow2
	wanted backed.qcow2
	run -1 os create
	[[ $output == *"stands on another file"* ]]
	qemu-img create -q -f qcow2 -o "data_file=$PWD/data.raw,data_file_raw=on" data.qcow2 1M
	wanted data.qcow2
	run -1 os create
	[[ $output == *"keeps its data in another file"* ]]
}

@test "another digest, none, and a location that is no URL write nothing" {
	before=$(sha256sum <disk0)
	OSP_DIGEST=sha256:$(printf '1%.0s' {1..64}) run -1 os create
	[[ $output == *"wanted is sha256:111"* ]]
	[ "$(find cache -name '*.part' -o -name '1*1' | wc -l)" -eq 0 ]
	for digest in '' sha256: 'sha256:../../etc' "$(printf 'A%.0s' {1..64})"; do
		OSP_DIGEST=$digest run -1 os create
		[[ $output == *"sha256: and 64 digits"* ]]
	done
	for url in '' /etc/passwd '-o/etc/passwd' scp://x/y file://; do
		OSP_IMAGE=$url run -1 os verify
		[[ $output == *"must be a URL"* ]]
	done
	OSP_IMAGE=file://$PWD/none run -1 os create
	[[ $output == *"cannot fetch"* ]]
	[ "$(sha256sum <disk0)" = "$before" ]
}

@test "a disk that is too small is told" {
	truncate -s 512K disk0
	run -1 os create
	[[ $output == *"does not fit"* ]]
}

@test "the second disk is what cloud-init reads" {
	DISK_COUNT=2 OSP_CIDATA0=$(printf hello | gzip | base64 -w0 | head -c 10) OSP_CIDATA1=$(printf hello | gzip | base64 -w0 | tail -c +11) os create
	[ "$(head -c 5 disk1)" = hello ]
	[ "$(stat -c %s disk1)" -eq 1048576 ]
}

@test "export and import are each other's" {
	EXPORT_DEVICE=$PWD/image os export >out
	cmp image out
	IMPORT_DEVICE=$PWD/disk1 os import <out
	cmp image disk1
	os rename
}
