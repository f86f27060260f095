#!/bin/sh
# Makes the root file system of a minimal Debian. Usage: build-base.sh SUITE PACKAGES SOURCES ROOT SQUASHFS
# PACKAGES is a list with commas; SOURCES a file of apt sources, or empty for the suite's default archive.
set -eu
suite=$1 packages=$2 sources=$3 root=$4 squashfs=$5
umask 022

# What a host never reads isn't unpacked. The names of this machine that mmdebstrap leaves in the system are no names of
# the hosts made from it.
mmdebstrap --quiet --mode=root --format=directory --variant=minbase --include="$packages" \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
  --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --customize-hook='rm -f "$1/etc/hostname" "$1/etc/resolv.conf"; : > "$1/etc/machine-id"' \
  "$suite" "$root" ${sources:+"$sources"}

mksquashfs "$root" "$squashfs" -comp zstd -Xcompression-level 3 -quiet -no-progress
