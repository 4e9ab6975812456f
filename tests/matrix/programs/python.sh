# Parts of CPython's own test suite: processes that make threads, fork, and start others.
needs=(/usr/bin/python3:python3 "$(echo /usr/lib/python3.*/test/test_json/__init__.py):libpython3.11-testsuite")
patience=300

prepare() { :; }
finish() { :; }

# How many tests of each module ran and were skipped, and those that did not pass.
work() {
    tests test_json test_re test_decimal test_ctypes test_struct test_zlib test_hashlib test_exceptions test_generators test_coroutines \
        test_set test_dict test_long test_gc test_unicode test_pickle test_bz2 test_thread test_threading || return
    # Of the long ones a part: their other tests wait for seconds.
    tests test_asyncio -m '*test_locks*' -m '*test_queues*' -m '*test_streams*' || return
    tests test_multiprocessing_fork -m '*WithProcessesTestQueue*' -m '*WithProcessesTestLock*' -m '*WithProcessesTestBarrier*' || return
    tests test_subprocess -m '*POSIXProcessTestCase*'
}

tests() {
    local code=0
    timeout "$patience" /usr/bin/python3 -m test -v "$@" >log 2>&1 || code=$?
    sed -nE 's/^(Ran [0-9]+ tests?) in .*/\1/p; /^(OK|FAILED)/p; /^(FAIL|ERROR):/p' log
    ((code == 0)) || grep -E '^(FAIL|ERROR):|Fatal|Segmentation|result:' log | head -3 >&2
    return "$code"
}

targets() { named python3; }
