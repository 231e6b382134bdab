// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/if.h>
#include <linux/if_tun.h>

#include "net.h"
#include "vm.h"

#define F_MAC		(1ULL << 5)
#define F_STATUS	(1ULL << 16)
#define LINK_UP		1
#define RECEIVE		0
#define TRANSMIT	1
#define HEADER		12		/* bytes before a frame; all zero, as nothing is offloaded */
#define FRAME_MAX	2048

/* Frames of the guest. Those that make no sense to the interface are lost. */
static void notify(struct virtio *v, unsigned int queue)
{
	struct net *n = (struct net *)v;
	uint8_t frame[HEADER + FRAME_MAX];
	struct chain c;
	bool any = false;

	if (queue != TRANSMIT)
		return;
	while (virtio_pop(v, queue, &c)) {
		size_t size = parts_read(c.out, c.nr_out, 0, frame, sizeof(frame));

		if (size > HEADER && size == c.out_size &&
		    write(n->fd, frame + HEADER, size - HEADER) < 0 && n->vm->verbose)
			complain("network: a frame is lost: %s", strerror(errno));
		virtio_push(v, queue, &c, 0);
		any = true;
	}
	if (any)
		virtio_signal(v, queue);
}

/* A frame for the guest, with its header. One that does not fit, or finds no room, is lost. */
static void receive(struct net *n, const uint8_t *frame, size_t size)
{
	struct virtio *v = &n->virtio;
	struct chain c;

	if (!virtio_pop(v, RECEIVE, &c))
		return;
	if (c.in_size >= size)
		parts_write(c.in, c.nr_in, 0, frame, size);
	virtio_push(v, RECEIVE, &c, c.in_size >= size ? size : 0);
	virtio_signal(v, RECEIVE);
}

static void *receive_thread(void *arg)
{
	static const uint16_t one = 1;
	struct net *n = arg;
	uint8_t frame[HEADER + FRAME_MAX];
	struct pollfd p = { .fd = n->fd, .events = POLLIN };
	sigset_t all;
	ssize_t size;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	memset(frame, 0, HEADER);
	memcpy(frame + 10, &one, sizeof(one));		/* num_buffers */
	for (;;) {
		size = read(n->fd, frame + HEADER, FRAME_MAX);
		if (size > 0) {
			pthread_mutex_lock(&n->vm->lock);
			receive(n, frame, HEADER + (size_t)size);
			pthread_mutex_unlock(&n->vm->lock);
		} else if (size < 0 && errno == EAGAIN) {
			poll(&p, 1, -1);
		} else if (size == 0 || errno != EINTR) {
			complain("network: the interface is gone: %s", strerror(errno));
			return NULL;
		}
	}
}

bool net_start(struct net *n)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, receive_thread, n);

	if (error) {
		complain("no thread for the network: %s", strerror(error));
		return false;
	}
	pthread_detach(thread);
	return true;
}

bool net_open(struct net *n, const char *interface, unsigned int number)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	n->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (n->fd < 0) {
		complain("/dev/net/tun: %s: load the module tun", strerror(errno));
		return false;
	}
	if (ioctl(n->fd, TUNSETIFF, &request)) {
		complain("--net tap=%s: %s: give the name of a TAP interface that you may use, or run as root",
			 interface, strerror(errno));
		return false;
	}
	/* A locally administered address. */
	n->config = (struct net_config){ { 0x02, 'c', 'o', 'v', 'e', (uint8_t)number }, LINK_UP };
	n->virtio.id = VIRTIO_ID_NET;
	n->virtio.features = F_MAC | F_STATUS;
	n->virtio.config = &n->config;
	n->virtio.config_size = sizeof(n->config);
	n->virtio.nr_queues = 2;
	n->virtio.notify = notify;
	return true;
}
