#!/usr/bin/python3
"""Starts the AWS stand-in: aws_stub.py [--port N] prints "listening 127.0.0.1 PORT" when ready;
aws_stub.py --selftest attacks it with botocore and says what held.
"""
import argparse
import sys
import threading

from awsstub import selftest, server


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--selftest", action="store_true")
    options = parser.parse_args()
    if options.selftest:
        return selftest.run()
    started = server.start(options.port)
    print("listening 127.0.0.1", started.server_address[1], flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
