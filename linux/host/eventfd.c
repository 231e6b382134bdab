// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events without the VMM: a store to an address signals an eventfd (KVM_IOEVENTFD), and an eventfd
 * that is signalled is an interrupt (KVM_IRQFD), namely the message that KVM_SET_GSI_ROUTING gives
 * to its number. vm->event_lock is taken within an eventfd's own lock, with interrupts off, so that
 * no eventfd is signalled under it.
 */
#include <linux/bitops.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "cove.h"

struct ioeventfd {
	struct list_head list;
	struct eventfd_ctx *event;
	u64 addr;
	u32 len;			/* 0: any */
	bool matches;			/* only a store of data */
	u64 data;
};

struct irqfd {
	struct list_head list;		/* vm->irqfds, under vm->event_lock; empty: it goes */
	struct irqfd *next_gone;
	struct cove_vm *vm;
	struct eventfd_ctx *event;
	u32 gsi;
	wait_queue_entry_t wait;
	poll_table table;
	struct work_struct gone;
};

static struct workqueue_struct *queue;

/* What has no message is for nobody, and what the TVM does not allow gets lost. */
static void send(struct cove_vm *vm, u32 gsi)
{
	struct cove_route route = { .kind = COVE_ROUTE_NONE };
	unsigned long flags;

	spin_lock_irqsave(&vm->event_lock, flags);
	if (vm->routes && gsi < COVE_MAX_ROUTES)
		route = vm->routes[gsi];
	spin_unlock_irqrestore(&vm->event_lock, flags);
	if (route.kind == COVE_ROUTE_NONE)
		return;
	atomic_long_inc(&vm->events);
	if (route.kind == COVE_ROUTE_MSI)
		cove_irq_msi(vm, route.address, route.data);
	else if (!cove_aplic_line(vm, route.data, true))
		cove_aplic_line(vm, route.data, false);
}

/*
 * Messages, and lines of the one interrupt controller that there may be. If that is the VMM's own,
 * it raises them itself: such an entry is a valid one and leads nowhere.
 */
static int route_set(struct cove_route *routes, const struct kvm_irq_routing_entry *entry)
{
	struct cove_route *route;

	if (entry->gsi >= COVE_MAX_ROUTES || routes[entry->gsi].kind != COVE_ROUTE_NONE)
		return -EINVAL;
	route = &routes[entry->gsi];
	if (entry->type == KVM_IRQ_ROUTING_IRQCHIP) {
		if (entry->flags || entry->u.irqchip.irqchip ||
		    entry->u.irqchip.pin >= COVE_MAX_ROUTES)
			return -EINVAL;
		route->kind = COVE_ROUTE_LINE;
		route->data = entry->u.irqchip.pin;
		return 0;
	}
	if (entry->type != KVM_IRQ_ROUTING_MSI || (entry->flags & ~KVM_MSI_VALID_DEVID))
		return -EINVAL;
	route->kind = COVE_ROUTE_MSI;
	route->address = (u64)entry->u.msi.address_hi << 32 | entry->u.msi.address_lo;
	route->data = entry->u.msi.data;
	return 0;
}

/* KVM_SET_GSI_ROUTING. The table replaces the one before. */
int cove_event_route(struct cove_vm *vm, struct kvm_irq_routing __user *arg)
{
	struct kvm_irq_routing_entry entry;
	struct cove_route *routes;
	struct kvm_irq_routing head;
	int ret = 0;
	u32 i;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.flags || head.nr > COVE_MAX_ROUTES)
		return -EINVAL;
	routes = kvcalloc(COVE_MAX_ROUTES, sizeof(*routes), GFP_KERNEL_ACCOUNT);
	if (!routes)
		return -ENOMEM;
	for (i = 0; i < head.nr && !ret; i++) {
		if (copy_from_user(&entry, &arg->entries[i], sizeof(entry)))
			ret = -EFAULT;
		else
			ret = route_set(routes, &entry);
	}
	if (!ret) {
		spin_lock_irq(&vm->event_lock);
		swap(vm->routes, routes);
		spin_unlock_irq(&vm->event_lock);
	}
	kvfree(routes);
	return ret;
}

static void irqfd_free(struct irqfd *f)
{
	u64 count;

	eventfd_ctx_remove_wait_queue(f->event, &f->wait, &count);
	eventfd_ctx_put(f->event);
	kfree(f);
}

/* The last file of the eventfd was closed. */
static void irqfd_gone(struct work_struct *work)
{
	irqfd_free(container_of(work, struct irqfd, gone));
}

/* From the eventfd's wait queue, whose lock is held, with interrupts off. */
static int irqfd_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct irqfd *f = container_of(wait, struct irqfd, wait);
	__poll_t events = key_to_poll(key);
	unsigned long flags;
	u64 count;

	if (events & EPOLLIN) {
		eventfd_ctx_do_read(f->event, &count);
		send(f->vm, f->gsi);
	}
	if (events & EPOLLHUP) {
		spin_lock_irqsave(&f->vm->event_lock, flags);
		if (!list_empty(&f->list)) {
			list_del_init(&f->list);
			queue_work(queue, &f->gone);
		}
		spin_unlock_irqrestore(&f->vm->event_lock, flags);
	}
	return 0;
}

static void irqfd_queue(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	add_wait_queue(head, &container_of(table, struct irqfd, table)->wait);
}

/* An eventfd is one interrupt. */
static int irqfd_list(struct cove_vm *vm, struct irqfd *new)
{
	struct irqfd *f;
	int ret = 0;

	spin_lock_irq(&vm->event_lock);
	list_for_each_entry(f, &vm->irqfds, list)
		if (f->event == new->event)
			ret = -EBUSY;
	if (!ret)
		list_add(&new->list, &vm->irqfds);
	spin_unlock_irq(&vm->event_lock);
	return ret;
}

static int irqfd_assign(struct cove_vm *vm, const struct kvm_irqfd *arg)
{
	struct irqfd *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	struct file *file = fget(arg->fd);
	int ret;

	if (!f || !file) {
		ret = f ? -EBADF : -ENOMEM;
		goto fail;
	}
	f->vm = vm;
	f->gsi = arg->gsi;
	INIT_WORK(&f->gone, irqfd_gone);
	f->event = eventfd_ctx_fileget(file);
	if (IS_ERR(f->event)) {
		ret = PTR_ERR(f->event);
		goto fail;
	}
	init_waitqueue_func_entry(&f->wait, irqfd_wakeup);
	init_poll_funcptr(&f->table, irqfd_queue);
	ret = irqfd_list(vm, f);
	if (ret) {
		eventfd_ctx_put(f->event);
		goto fail;
	}
	if (vfs_poll(file, &f->table) & EPOLLIN)
		send(vm, f->gsi);
	fput(file);
	return 0;
fail:
	if (file)
		fput(file);
	kfree(f);
	return ret;
}

/* Those of an eventfd and number; of all if event is NULL. */
static void irqfds_take(struct cove_vm *vm, const struct eventfd_ctx *event, u32 gsi)
{
	struct irqfd *f, *next, *gone = NULL;

	spin_lock_irq(&vm->event_lock);
	list_for_each_entry_safe(f, next, &vm->irqfds, list) {
		if (event && (f->event != event || f->gsi != gsi))
			continue;
		list_del_init(&f->list);
		f->next_gone = gone;
		gone = f;
	}
	spin_unlock_irq(&vm->event_lock);
	for (; gone; gone = f) {
		f = gone->next_gone;
		irqfd_free(gone);
	}
}

/* KVM_IRQFD */
int cove_event_irqfd(struct cove_vm *vm, const struct kvm_irqfd *arg)
{
	struct eventfd_ctx *event;

	if ((arg->flags & ~KVM_IRQFD_FLAG_DEASSIGN) || arg->gsi >= COVE_MAX_ROUTES)
		return -EINVAL;
	if (!(arg->flags & KVM_IRQFD_FLAG_DEASSIGN))
		return irqfd_assign(vm, arg);
	event = eventfd_ctx_fdget(arg->fd);
	if (IS_ERR(event))
		return PTR_ERR(event);
	irqfds_take(vm, event, arg->gsi);
	eventfd_ctx_put(event);
	return 0;
}

static bool same_place(const struct ioeventfd *a, const struct ioeventfd *b)
{
	return a->addr == b->addr && (!a->len || !b->len || a->len == b->len) &&
	       (!a->matches || !b->matches || a->data == b->data);
}

static int ioeventfd_assign(struct cove_vm *vm, struct ioeventfd *new)
{
	struct ioeventfd *e;
	int ret = 0;

	down_write(&vm->ioevent_sem);
	list_for_each_entry(e, &vm->ioeventfds, list)
		if (same_place(e, new))
			ret = -EEXIST;
	if (!ret)
		list_add(&new->list, &vm->ioeventfds);
	up_write(&vm->ioevent_sem);
	return ret;
}

static void ioeventfd_free(struct ioeventfd *e)
{
	eventfd_ctx_put(e->event);
	kfree(e);
}

static int ioeventfd_deassign(struct cove_vm *vm, const struct ioeventfd *old)
{
	struct ioeventfd *e, *found = NULL;

	down_write(&vm->ioevent_sem);
	list_for_each_entry(e, &vm->ioeventfds, list)
		if (e->event == old->event && e->addr == old->addr && e->len == old->len &&
		    e->matches == old->matches && (!e->matches || e->data == old->data))
			found = e;
	if (found)
		list_del(&found->list);
	up_write(&vm->ioevent_sem);
	if (!found)
		return -ENOENT;
	ioeventfd_free(found);
	return 0;
}

/* KVM_IOEVENTFD */
int cove_event_ioeventfd(struct cove_vm *vm, const struct kvm_ioeventfd *arg)
{
	const u32 known = KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_DEASSIGN;
	struct ioeventfd *e;
	int ret;

	if ((arg->flags & ~known) || arg->len > 8 || hweight32(arg->len) > 1 ||
	    arg->addr + arg->len < arg->addr ||
	    (!arg->len && (arg->flags & KVM_IOEVENTFD_FLAG_DATAMATCH)))
		return -EINVAL;
	e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;
	e->event = eventfd_ctx_fdget(arg->fd);
	if (IS_ERR(e->event)) {
		ret = PTR_ERR(e->event);
		kfree(e);
		return ret;
	}
	e->addr = arg->addr;
	e->len = arg->len;
	e->matches = arg->flags & KVM_IOEVENTFD_FLAG_DATAMATCH;
	e->data = arg->datamatch;
	if (arg->flags & KVM_IOEVENTFD_FLAG_DEASSIGN) {
		ret = ioeventfd_deassign(vm, e);
		ioeventfd_free(e);
		return ret;
	}
	ret = ioeventfd_assign(vm, e);
	if (ret)
		ioeventfd_free(e);
	return ret;
}

/* A store of the TVM: true if an eventfd was signalled for it, and nobody else need know. */
bool cove_event_store(struct cove_vm *vm, u64 addr, u32 len, u64 data)
{
	struct ioeventfd *e;
	bool found = false;

	down_read(&vm->ioevent_sem);
	list_for_each_entry(e, &vm->ioeventfds, list) {
		if (e->addr != addr || (e->len && e->len != len) || (e->matches && e->data != data))
			continue;
		eventfd_signal(e->event);
		found = true;
		break;
	}
	up_read(&vm->ioevent_sem);
	return found;
}

void cove_event_init_vm(struct cove_vm *vm)
{
	spin_lock_init(&vm->event_lock);
	init_rwsem(&vm->ioevent_sem);
	INIT_LIST_HEAD(&vm->irqfds);
	INIT_LIST_HEAD(&vm->ioeventfds);
}

/* Before the TVM is destroyed: no interrupt comes any more. */
void cove_event_exit_vm(struct cove_vm *vm)
{
	struct ioeventfd *e, *next;

	irqfds_take(vm, NULL, 0);
	flush_workqueue(queue);
	list_for_each_entry_safe(e, next, &vm->ioeventfds, list) {
		list_del(&e->list);
		ioeventfd_free(e);
	}
	kvfree(vm->routes);
	vm->routes = NULL;
}

int cove_event_init(void)
{
	queue = alloc_workqueue("cove-irqfd", 0, 0);
	return queue ? 0 : -ENOMEM;
}

void cove_event_exit(void)
{
	destroy_workqueue(queue);
}
