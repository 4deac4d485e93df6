"""Sleeps in epoll until the doorbell rings, and rings the other one. See floor_poller.go.

usage: python -c ... CPU, with the doorbells as descriptors 3 and 4 and an end with its input
"""

import os
import select
import sys

THERE, BACK = 3, 4

os.sched_setaffinity(0, {int(sys.argv[1])})
epoll = select.epoll()
epoll.register(THERE, select.EPOLLIN)
epoll.register(sys.stdin.fileno(), select.EPOLLIN)
wait, take, ring = epoll.poll, os.eventfd_read, os.eventfd_write
while True:
    for descriptor, _ in wait():
        if descriptor != THERE:
            sys.exit()
        take(THERE)
        ring(BACK, 1)
