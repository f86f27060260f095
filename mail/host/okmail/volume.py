"""Mounts the queue volume: mail outlives the instance that took it."""

import grp
import os
import pwd
import time

import host

DISKS = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"
MOUNT = "/srv/okmail"
SPOOL = "/var/spool/postfix"
FOLDERS = {"spool": SPOOL, "mail": "/var/mail", "letsencrypt": "/etc/letsencrypt"}
# Seconds: EC2 attaches the volume after the instance has started.
PATIENCE = 120


def mount():
    device = wait_for_device()
    if not os.path.ismount(MOUNT):
        make_file_system(device)
        # Repairs what a power cut left; 1 is "repaired". An enlarged volume gets a larger file system.
        host.run("e2fsck", "-fp", device, codes=(0, 1))
        host.run("resize2fs", device)
        os.makedirs(MOUNT, exist_ok=True)
        host.run("mount", "-o", "noatime,nodev,nosuid", device, MOUNT)
    for name, path in FOLDERS.items():
        if not os.path.ismount(path):
            bind(f"{MOUNT}/{name}", path)


def wait_for_device():
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return find_device()
        except host.Fault as fault:
            host.report("volume", str(fault))
            if time.monotonic() > end:
                raise
        time.sleep(1)


def find_device():
    volume = host.metadata("tags/instance/okmail:queue-volume")
    if volume is None:
        raise host.Fault("the instance metadata has no tag okmail:queue-volume; set it and allow tags in metadata")
    link = DISKS + volume.strip().replace("-", "")
    if not os.path.exists(link):
        raise host.Fault(f"{volume} isn't attached; attach it")
    return os.path.realpath(link)


def make_file_system(device):
    """Only where nothing was ever written: blkid finds no signature (2), and the start is empty."""
    if host.run("blkid", "--probe", device, codes=(0, 2)):
        return
    with open(device, "rb") as disk:
        if any(disk.read(1 << 20)):
            raise host.Fault(f"{device} has data and no file system; attach another volume, or wipe this one")
    host.run("mkfs.ext4", "-q", device)


def bind(source, path):
    os.makedirs(path, exist_ok=True)
    if not os.path.exists(source):
        os.mkdir(source)
        like = os.stat(path)
        os.chown(source, like.st_uid, like.st_gid)
        os.chmod(source, like.st_mode & 0o7777)
    host.run("mount", "--bind", source, path)


def repair_owners(spool=SPOOL):
    """Debian gives Postfix the next free ids, so on another instance the queue belongs to somebody else."""
    user, group = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
    marks = [f"{spool}/active", f"{spool}/maildrop"]
    if not all(map(os.path.isdir, marks)):
        return
    old_user, old_group = os.stat(marks[0]).st_uid, os.stat(marks[1]).st_gid
    if (old_user, old_group) == (user, group):
        return

    def give(path):
        now = os.lstat(path)
        os.lchown(path, user if now.st_uid == old_user else -1, group if now.st_gid == old_group else -1)

    for folder, _, files in os.walk(spool, topdown=False):
        for path in [*(f"{folder}/{name}" for name in files), folder]:
            if path not in marks:
                give(path)
    # Last, so that a repair that was cut short is done again.
    for path in marks:
        give(path)
