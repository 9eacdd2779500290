#include <libpq-fe.h>

// What the loop waits with for libpq's sockets; Swift's own modules of the C library leave it out.
#include <sys/epoll.h>
#include <sys/eventfd.h>
