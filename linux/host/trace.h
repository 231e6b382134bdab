/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, group "cove": why vCPUs leave, what becomes of guest memory, what is converted. What
 * they show of a TVM is what the TSM tells the host anyway.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cove

#if !defined(COVE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define COVE_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(cove_exit,
	TP_PROTO(unsigned long tvm, unsigned long vcpu, long error, unsigned long cause,
		 unsigned long tval),
	TP_ARGS(tvm, vcpu, error, cause, tval),
	TP_STRUCT__entry(
		__field(unsigned long, tvm)
		__field(unsigned long, vcpu)
		__field(long, error)
		__field(unsigned long, cause)
		__field(unsigned long, tval)
	),
	TP_fast_assign(
		__entry->tvm = tvm;
		__entry->vcpu = vcpu;
		__entry->error = error;
		__entry->cause = cause;
		__entry->tval = tval;
	),
	TP_printk("tvm %lu vcpu %lu error %ld cause 0x%lx tval 0x%lx", __entry->tvm, __entry->vcpu,
		  __entry->error, __entry->cause, __entry->tval)
);

/* A page fault of the TVM that was served: kind is an enum cove_kind. */
TRACE_EVENT(cove_fault,
	TP_PROTO(unsigned long tvm, u64 gpa, unsigned int kind, bool large),
	TP_ARGS(tvm, gpa, kind, large),
	TP_STRUCT__entry(
		__field(unsigned long, tvm)
		__field(u64, gpa)
		__field(unsigned int, kind)
		__field(bool, large)
	),
	TP_fast_assign(
		__entry->tvm = tvm;
		__entry->gpa = gpa;
		__entry->kind = kind;
		__entry->large = large;
	),
	TP_printk("tvm %lu gpa 0x%llx %s%s", __entry->tvm, __entry->gpa,
		  __print_symbolic(__entry->kind, { COVE_NOTHING, "nothing" },
				   { COVE_PRIVATE, "private" }, { COVE_SHARED, "shared" },
				   { COVE_SHARED_NOTHING, "shared, nothing" }),
		  __entry->large ? " 2M" : "")
);

TRACE_EVENT(cove_share,
	TP_PROTO(unsigned long tvm, u64 gpa, u64 size, bool share, int ret),
	TP_ARGS(tvm, gpa, size, share, ret),
	TP_STRUCT__entry(
		__field(unsigned long, tvm)
		__field(u64, gpa)
		__field(u64, size)
		__field(bool, share)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->tvm = tvm;
		__entry->gpa = gpa;
		__entry->size = size;
		__entry->share = share;
		__entry->ret = ret;
	),
	TP_printk("tvm %lu gpa 0x%llx size 0x%llx %s: %d", __entry->tvm, __entry->gpa,
		  __entry->size, __entry->share ? "share" : "unshare", __entry->ret)
);

/* Pages that went to the TSM, or came back. */
TRACE_EVENT(cove_pages,
	TP_PROTO(u64 pa, unsigned long pages, bool convert, int ret),
	TP_ARGS(pa, pages, convert, ret),
	TP_STRUCT__entry(
		__field(u64, pa)
		__field(unsigned long, pages)
		__field(bool, convert)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->pa = pa;
		__entry->pages = pages;
		__entry->convert = convert;
		__entry->ret = ret;
	),
	TP_printk("%s pa 0x%llx pages %lu: %d", __entry->convert ? "convert" : "reclaim",
		  __entry->pa, __entry->pages, __entry->ret)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
