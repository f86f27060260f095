#!/bin/sh
# The first process of a lab: it makes the lab's internet, says that it is there, and waits for the end of its input.
set -eu
# Seen through the machine's /proc, this is the number that the machine knows this process by.
read -r pid rest < /proc/self/stat
mount -t proc proc /proc
# Names of namespaces, sockets and locks that programs keep in /run belong to this lab alone.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lab/hosts /run/lab/layers
# Device nodes of guests lie here.
mount -t tmpfs -o mode=755,dev tmpfs /run/lab/hosts

ip link set lo up
ip link add internet type bridge
ip link set internet up
ip address add 203.0.113.1/24 dev internet
echo 1 > /proc/sys/net/ipv4/ip_forward

# The router of the VPC: the first address of each subnet, the VPC's resolver, and the one where instances ask about
# themselves.
for address in 172.31.0.1 172.31.0.2 172.31.16.1 172.31.32.1 169.254.169.254; do
  ip address add "$address/32" dev lo
done
# Packets for public addresses that lead nowhere vanish, as on EC2.
ip route add blackhole 192.0.2.0/24
ip route add blackhole 172.31.0.0/16

echo "lab $pid"
# The shell reaps whoever loses its parent while it waits for cat.
cat > /dev/null
