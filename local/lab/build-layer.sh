#!/bin/sh
# Installs packages on a root file system and keeps what that changed. Usage: build-layer.sh BASE PACKAGES WORK SQUASHFS
# Runs in a mount namespace of its own, so that its mounts end with it. PACKAGES is a list with blanks.
set -eu
base=$1 packages=$2 work=$3 squashfs=$4
umask 022

mkdir "$work/lower" "$work/upper" "$work/overlay" "$work/root"
mount -t squashfs -o loop,ro "$base" "$work/lower"
mount -t overlay -o "lowerdir=$work/lower,upperdir=$work/upper,workdir=$work/overlay" overlay "$work/root"
root=$work/root
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"

# The archive is reached by this machine's resolver and proxies; no daemon starts in here.
cat /etc/resolv.conf > "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive
apt() {
  chroot "$root" apt-get -qq -o APT::Sandbox::User=root -o Acquire::Languages=none -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-unsafe-io "$@"
}
apt update
# Split on purpose: one word is one package.
apt install --yes --no-install-recommends $packages > /dev/null
apt clean
rm -rf "$root/var/lib/apt/lists/"* "$root/root/.cache" \
  "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf" "$root/etc/hostname"
# What a host must not share with its siblings.
rm -f "$root/etc/ssh/ssh_host_"*
: > "$root/etc/machine-id"

umount -R "$root"
mksquashfs "$work/upper" "$squashfs" -comp zstd -Xcompression-level 3 -quiet -no-progress
