// Package security tests from outside that only those get in who may, and that
// they get only what they may: who calls, by every way in, for every operation;
// forged tokens; and tokens that end while they are in use.
//
// Everything runs on a miniredis, and on the Redis that FANLIGHT_TEST_REDIS_URL
// names.
package security
