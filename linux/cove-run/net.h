/* SPDX-License-Identifier: GPL-2.0-only */
/* virtio-net over a TAP interface of the host. */
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

/* False after a message. What the device's machine decides is filled in by the caller. */
bool net_open(struct net *n, const char *interface, unsigned int number);
/* Frames from the interface, from now on. False after a message. */
bool net_start(struct net *n);

#endif
