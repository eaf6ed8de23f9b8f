"""All that reaches into the inside of Pulumi's SDKs, a file for each: programs and inline (the language's own),
generated (the vendors'), policies.

What is only slow is left out where it is as expected: where it isn't, it stays, said in one line on stderr: slower,
never wrong. What would be wrong without its patch (rules that don't see which text is secret) is refused instead
(`SdkChanged`). docs/adr/sdk-patches.md says what an upgrade of an SDK must look at.

engine/program.py, which runs in a user's own virtualenv, imports `programs` and `generated` by their bare names: they
need the standard library alone until they are applied.
"""
