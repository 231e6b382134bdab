/* SPDX-License-Identifier: GPL-2.0-only */
/* virtio-net over a TAP interface of the host, or over cove-slirp: either is a descriptor that gives and takes frames. */
#ifndef NET_H
#define NET_H

#include "virtio.h"

struct net_config {
	uint8_t mac[6];
	uint16_t status;
};

struct vm;

struct net {
	struct virtio virtio;		/* the first: notify() gets it */
	struct vm *vm;
	int fd;
	struct net_config config;
};

/*
 * how: "user" or "tap=NAME". False after a message. What the device's machine decides is filled in
 * by the caller.
 */
bool net_open(struct net *n, const char *how, unsigned int number);
/* The device over a descriptor that does not block. */
void net_init(struct net *n, int fd, unsigned int number);
/* Takes one frame, if there is one, to the guest. False: there is no interface any more, as errno says. */
bool net_poll(struct net *n);
/* Frames from the interface, from now on. False after a message. */
bool net_start(struct net *n);

#endif
