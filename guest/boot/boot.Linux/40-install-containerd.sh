#!/bin/sh
# containerd with nerdctl, from the archive of the volume; for the system, for the user, or both.
set -eu
[ "$LIMA_CIDATA_CONTAINERD_SYSTEM" = 1 ] || [ "$LIMA_CIDATA_CONTAINERD_USER" = 1 ] || exit 0
[ -d /run/systemd/system ] || { echo "containerd needs systemd"; exit 1; }
prefix=$LIMA_CIDATA_GUEST_INSTALL_PREFIX
archive=$LIMA_CIDATA_MNT/$LIMA_CIDATA_CONTAINERD_ARCHIVE
user=$LIMA_CIDATA_USER home=$LIMA_CIDATA_HOME
snapshotter=${CONTAINERD_SNAPSHOTTER:-overlayfs} namespace=${CONTAINERD_NAMESPACE:-default}
runtime=/run/user/$LIMA_CIDATA_UID

as_user() {
	sudo -iu "$user" XDG_RUNTIME_DIR="$runtime" PATH="$PATH" CONTAINERD_NAMESPACE="$namespace" \
		CONTAINERD_SNAPSHOTTER="$snapshotter" "$@"
}
rootless() {
	as_user "$prefix/bin/containerd-rootless-setuptool.sh" "$@"
}

# What is installed is known by the archive's size and beginning: it is not read through in every boot.
stamp=$prefix/share/lima/containerd-archive
now="$(wc -c <"$archive") $(head -c 65536 "$archive" | cksum)"
was=
[ ! -f "$stamp" ] || was=$(cat "$stamp")
if [ "$now" != "$was" ] || [ ! -x "$prefix/bin/nerdctl" ]; then
	if [ -x "$prefix/bin/nerdctl" ]; then
		systemctl disable --now containerd buildkit stargz-snapshotter 2>/dev/null || :
		if [ -e "$home/.config/systemd/user/containerd.service" ]; then
			rootless uninstall-buildkit-containerd || :
			rootless uninstall || :
		fi
	fi
	mkdir -p "$prefix" "${stamp%/*}"
	tar -xf "$archive" -C "$prefix"
	if [ -d /etc/bash_completion.d ]; then
		"$prefix/bin/nerdctl" completion bash >/etc/bash_completion.d/nerdctl || :
	fi
	echo "$now" >"$stamp"
fi

# put FILE: standard input, unless the file is there, and then it is somebody's
put() {
	[ ! -e "$1" ] || return 0
	mkdir -p "${1%/*}"
	cat >"$1"
}

if [ "$LIMA_CIDATA_CONTAINERD_SYSTEM" = 1 ]; then
	put /etc/containerd/config.toml <<-END
		version = 2
		imports = ['/etc/containerd/conf.d/*.toml']
		[plugins."io.containerd.grpc.v1.cri"]
		  enable_cdi = true
		[proxy_plugins.stargz]
		  type = "snapshot"
		  address = "/run/containerd-stargz-grpc/containerd-stargz-grpc.sock"
	END
	put /etc/buildkit/buildkitd.toml <<-END
		[worker.oci]
		  enabled = false
		[worker.containerd]
		  enabled = true
		  namespace = "$namespace"
		  snapshotter = "$snapshotter"
	END
	systemctl enable --now containerd buildkit stargz-snapshotter
fi

[ "$LIMA_CIDATA_CONTAINERD_USER" = 1 ] || exit 0
put "$home/.config/containerd/config.toml" <<-END
	version = 2
	[plugins."io.containerd.grpc.v1.cri"]
	  enable_cdi = true
	[proxy_plugins.fuse-overlayfs]
	  type = "snapshot"
	  address = "$runtime/containerd-fuse-overlayfs.sock"
	[proxy_plugins.stargz]
	  type = "snapshot"
	  address = "$runtime/containerd-stargz-grpc/containerd-stargz-grpc.sock"
END
chown -R "$user" "$home/.config"
# Ubuntu 23.10 and later let only confined programs make user namespaces
profile=/etc/apparmor.d/$(printf %s "${prefix#/}/bin/rootlesskit" | tr / .)
if [ -e /etc/apparmor.d/abi/4.0 ] && [ -e /proc/sys/kernel/apparmor_restrict_unprivileged_userns ] && [ ! -e "$profile" ]; then
	cat >"$profile" <<-END
		abi <abi/4.0>,
		include <tunables/global>
		$prefix/bin/rootlesskit flags=(unconfined) {
		  userns,
		  include if exists <local/${profile##*/}>
		}
	END
	apparmor_parser -r "$profile"
fi
[ ! -e "$home/.config/systemd/user/containerd.service" ] || exit 0
systemctl start "user@$LIMA_CIDATA_UID.service"
[ "$(as_user systemctl --user show --property=RefuseManualStart --value dbus)" = yes ] || as_user systemctl --user enable --now dbus.socket
if command -v getenforce >/dev/null && [ "$(getenforce)" = Enforcing ]; then
	# the tool writes units that its own domain may not
	trap 'setenforce 1' EXIT
	setenforce 0
fi
rootless install
rootless install-buildkit-containerd
read -r kernel </proc/sys/kernel/osrelease
if compare_version.sh "$kernel" -lt 5.13; then
	snapshotter=fuse-overlayfs
	rootless install-fuse-overlayfs
else
	rootless install-stargz
fi
