// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
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
#define SLIRP		"cove-slirp"

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

bool net_poll(struct net *n)
{
	static const uint16_t one = 1;
	uint8_t frame[HEADER + FRAME_MAX] = { 0 };
	ssize_t size = read(n->fd, frame + HEADER, FRAME_MAX);

	if (size == 0)
		errno = EPIPE;
	if (size <= 0)
		return size < 0 && (errno == EAGAIN || errno == EINTR);
	memcpy(frame + 10, &one, sizeof(one));		/* num_buffers */
	pthread_mutex_lock(&n->vm->lock);
	receive(n, frame, HEADER + (size_t)size);
	pthread_mutex_unlock(&n->vm->lock);
	return true;
}

static void *receive_thread(void *arg)
{
	struct net *n = arg;
	struct pollfd p = { .fd = n->fd, .events = POLLIN };
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	while (net_poll(n))
		poll(&p, 1, -1);
	complain("network: the interface is gone: %s", strerror(errno));
	return NULL;
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

static int open_tap(const char *interface)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		complain("/dev/net/tun: %s: load the module tun", strerror(errno));
		return -1;
	}
	if (strlen(interface) >= sizeof(request.ifr_name)) {
		complain("--net tap=%s: no interface has such a long name", interface);
		close(fd);
		return -1;
	}
	strcpy(request.ifr_name, interface);
	if (ioctl(fd, TUNSETIFF, &request)) {
		complain("--net tap=%s: %s: give the name of a TAP interface that you may use, or run as root",
			 interface, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* The child: cove-slirp, which lies beside us. */
static void start_slirp(int fd)
{
	char path[PATH_MAX], number[16];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof(SLIRP));
	char *slash;

	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, SLIRP);
	snprintf(number, sizeof(number), "%d", fd);
	fcntl(fd, F_SETFD, 0);
	execl(path, SLIRP, number, (char *)NULL);
	complain("--net user: %s: %s", path, strerror(errno));
	_exit(127);
}

/* A socket that carries frames to and from cove-slirp, once that is ready. */
static int open_user(void)
{
	int ends[2];
	pid_t child;
	char ready;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		complain("--net user: %s", strerror(errno));
		return -1;
	}
	child = fork();
	if (!child)
		start_slirp(ends[1]);
	close(ends[1]);
	if (child < 0 || read(ends[0], &ready, 1) != 1) {
		complain("--net user: " SLIRP " did not start: does it lie beside cove-run, is libslirp there?");
		close(ends[0]);
		return -1;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[0];
}

void net_init(struct net *n, int fd, unsigned int number)
{
	n->fd = fd;
	/* A locally administered address. */
	n->config = (struct net_config){ { 0x02, 'c', 'o', 'v', 'e', (uint8_t)number }, LINK_UP };
	n->virtio.id = VIRTIO_ID_NET;
	n->virtio.features = F_MAC | F_STATUS;
	n->virtio.config = &n->config;
	n->virtio.config_size = sizeof(n->config);
	n->virtio.nr_queues = 2;
	n->virtio.notify = notify;
}

bool net_open(struct net *n, const char *how, unsigned int number)
{
	int fd;

	if (!strcmp(how, "user")) {
		fd = open_user();
	} else if (!strncmp(how, "tap=", 4) && how[4]) {
		fd = open_tap(how + 4);
	} else {
		complain("--net %s: give user, or tap=NAME with the name of a TAP interface", how);
		return false;
	}
	if (fd >= 0)
		net_init(n, fd, number);
	return fd >= 0;
}
