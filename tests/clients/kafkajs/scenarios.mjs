// kafkajs: the common Node client, written in JavaScript alone, unmaintained since 2023.
import { admin } from './admin.mjs'
import { groups } from './groups.mjs'
import { reading } from './reading.mjs'
import { records } from './records.mjs'
import { run } from './protocol.mjs'
import { trouble } from './trouble.mjs'

await run({ ...admin, ...records, ...reading, ...groups, ...trouble })
