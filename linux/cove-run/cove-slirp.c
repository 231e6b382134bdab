// SPDX-License-Identifier: GPL-2.0-only
/*
 * cove-slirp FD: a network for one guest, without privileges, by libslirp. FD is a SOCK_SEQPACKET
 * socket that carries Ethernet frames, one a message; its first message is empty of meaning and says
 * that we are ready. It is a process of its own so that cove-run stays small and static, and so that what
 * parses a hostile guest's packets holds nothing else. It ends when the other side of the socket does.
 *
 *	10.0.3.2   the gateway, and the host (but not what listens on its loopback interface only)
 *	10.0.3.3   a name server
 *	10.0.3.15  the guest, by DHCP
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <libslirp.h>

#define FRAME_MAX	2048
#define BATCH		64		/* frames of the guest between two looks at the rest */
#define POLLS_MAX	4096
#define NOBODY		65534
#define NETWORK		0x0a000300u	/* 10.0.3.0/24 */

struct timer {
	SlirpTimerCb call;
	void *context;
	int64_t due;			/* ms; -1: not set */
	struct timer *next;
};

static struct pollfd polls[POLLS_MAX];
static unsigned int nr_polls;
static struct timer *timers;
static int guest;

static slirp_ssize_t send_packet(const void *frame, size_t size, void *context)
{
	(void)context;
	/* What the guest has no room for is lost, as on any network. */
	if (send(guest, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EPIPE)
		exit(0);
	return (slirp_ssize_t)size;
}

static void guest_error(const char *text, void *context)
{
	(void)text;
	(void)context;
}

static int64_t now_ns(void *context)
{
	struct timespec t;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int64_t now_ms(void)
{
	return now_ns(NULL) / 1000000;
}

static void *timer_new(SlirpTimerCb call, void *call_context, void *context)
{
	struct timer *t = calloc(1, sizeof(*t));

	(void)context;
	if (!t)
		exit(1);
	*t = (struct timer){ call, call_context, -1, timers };
	timers = t;
	return t;
}

static void timer_free(void *timer, void *context)
{
	struct timer **at = &timers;

	(void)context;
	while (*at && *at != timer)
		at = &(*at)->next;
	if (*at)
		*at = (*at)->next;
	free(timer);
}

static void timer_mod(void *timer, int64_t due, void *context)
{
	(void)context;
	((struct timer *)timer)->due = due;
}

/* A call may free its timer, or others: it begins from the front again. */
static void run_timers(void)
{
	struct timer *t = timers;
	int64_t now = now_ms();

	while (t) {
		if (t->due < 0 || t->due > now) {
			t = t->next;
			continue;
		}
		t->due = -1;
		t->call(t->context);
		t = timers;
	}
}

static void next_timer(uint32_t *timeout)
{
	int64_t now = now_ms(), left;
	struct timer *t;

	for (t = timers; t; t = t->next) {
		left = t->due > now ? t->due - now : 0;
		if (t->due >= 0 && left < *timeout)
			*timeout = (uint32_t)left;
	}
}

static void fd_ignored(int fd, void *context)
{
	(void)fd;
	(void)context;
}

static void notify_ignored(void *context)
{
	(void)context;
}

static int add_poll(int fd, int events, void *context)
{
	short wanted = 0;

	(void)context;
	if (nr_polls == POLLS_MAX)
		return -1;
	wanted |= events & SLIRP_POLL_IN ? POLLIN : 0;
	wanted |= events & SLIRP_POLL_OUT ? POLLOUT : 0;
	wanted |= events & SLIRP_POLL_PRI ? POLLPRI : 0;
	polls[nr_polls] = (struct pollfd){ .fd = fd, .events = wanted };
	return (int)nr_polls++;
}

static int get_revents(int index, void *context)
{
	short got = index < 0 ? 0 : polls[index].revents;

	(void)context;
	return (got & POLLIN ? SLIRP_POLL_IN : 0) | (got & POLLOUT ? SLIRP_POLL_OUT : 0) |
	       (got & POLLPRI ? SLIRP_POLL_PRI : 0) | (got & POLLERR ? SLIRP_POLL_ERR : 0) |
	       (got & POLLHUP ? SLIRP_POLL_HUP : 0);
}

/* False: the other side is gone. */
static bool take_frames(Slirp *slirp)
{
	uint8_t frame[FRAME_MAX];
	ssize_t size;
	int i;

	for (i = 0; i < BATCH; i++) {
		size = recv(guest, frame, sizeof(frame), MSG_DONTWAIT);
		if (size <= 0)
			return size && (errno == EAGAIN || errno == EINTR);
		slirp_input(slirp, frame, (int)size);
	}
	return true;
}

static void serve(Slirp *slirp)
{
	uint32_t timeout;
	int n;

	for (;;) {
		timeout = 60000;
		nr_polls = 0;
		slirp_pollfds_fill(slirp, &timeout, add_poll, NULL);
		next_timer(&timeout);
		if (nr_polls == POLLS_MAX)
			nr_polls--;
		polls[nr_polls] = (struct pollfd){ .fd = guest, .events = POLLIN };
		n = poll(polls, nr_polls + 1, (int)timeout);
		slirp_pollfds_poll(slirp, n < 0, get_revents, NULL);
		run_timers();
		if (n > 0 && polls[nr_polls].revents && !take_frames(slirp))
			return;
	}
}

/* Nothing that we hold by being started as root is needed. */
static bool drop_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return false;
	return geteuid() || (!setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) &&
			     !setresuid(NOBODY, NOBODY, NOBODY));
}

static struct in_addr address(uint32_t last)
{
	return (struct in_addr){ htonl(NETWORK | last) };
}

int main(int argc, char **argv)
{
	static const SlirpCb calls = {
		.send_packet = send_packet, .guest_error = guest_error, .clock_get_ns = now_ns,
		.timer_new = timer_new, .timer_free = timer_free, .timer_mod = timer_mod,
		.register_poll_fd = fd_ignored, .unregister_poll_fd = fd_ignored, .notify = notify_ignored,
	};
	const SlirpConfig config = {
		.version = 1, .in_enabled = true, .disable_host_loopback = true, .vnetwork = address(0),
		.vnetmask = { htonl(0xffffff00u) }, .vhost = address(2), .vnameserver = address(3),
		.vdhcp_start = address(15),
	};
	Slirp *slirp;

	guest = argc == 2 ? atoi(argv[1]) : -1;
	if (guest < 3 || fcntl(guest, F_GETFD) < 0) {
		fputs("cove-slirp: cove-run starts this, for --net user\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (!drop_privileges()) {
		perror("cove-slirp: privileges cannot be dropped");
		return 1;
	}
	slirp = slirp_new(&config, &calls, NULL);
	if (!slirp || send(guest, "", 1, MSG_NOSIGNAL) != 1)
		return 1;
	serve(slirp);
	slirp_cleanup(slirp);
	return 0;
}
