# Node.js: timers, worker threads, zlib and crypto, with a digest of all results.
needs=(node:nodejs)
patience=240

prepare() {
    cat >load.js <<'END'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const zlib = require('zlib'), crypto = require('crypto'), { promisify } = require('util');

function text(seed, bytes) {
    let s = '', x = seed;
    while (s.length < bytes) { x = (Math.imul(x, 1103515245) + 12345) >>> 0; s += (x >>> 8).toString(36) + (x & 4096 ? '\n' : ' '); }
    return Buffer.from(s.slice(0, bytes));
}

function digest(...parts) { const h = crypto.createHash('sha256'); for (const p of parts) h.update(p); return h.digest('hex'); }

function work(seed) {
    const input = text(seed, 200000), parts = [];
    for (let i = 0; i < 6; i++) {
        const packed = zlib.deflateSync(input, { level: i + 1 });
        if (!zlib.inflateSync(packed).equals(input)) throw new Error('inflate');
        const key = crypto.scryptSync('key' + i, 'salt', 32, { N: 1024 });
        const cipher = crypto.createCipheriv('aes-256-gcm', key, Buffer.alloc(12, i));
        parts.push(packed, cipher.update(packed), cipher.final(), cipher.getAuthTag());
        parts.push(JSON.stringify(String(input).split('\n').map(l => l.split(' ').length).sort((a, b) => a - b)));
    }
    return digest(...parts);
}

if (!isMainThread) {
    for (let round = 0; round < workerData.rounds; round++) parentPort.postMessage([workerData.id, round, work(workerData.id * 1000 + round)]);
} else {
    const rounds = +process.argv[2], results = [];
    let ticks = 0, packed = 0;
    const timer = setInterval(() => { ticks++; }, 1);
    const workers = [1, 2, 3].map(id => new Promise((done, fail) => {
        const worker = new Worker(__filename, { workerData: { id, rounds } });
        worker.on('message', m => results.push(m.join(':'))).on('error', fail).on('exit', done);
    }));
    const gzip = promisify(zlib.gzip), gunzip = promisify(zlib.gunzip), pbkdf2 = promisify(crypto.pbkdf2);
    const own = (async () => {
        for (let i = 0; i < rounds; i++) {
            const input = text(i + 7, 50000);
            if (!(await gunzip(await gzip(input))).equals(input)) throw new Error('gunzip');
            results.push('own:' + i + ':' + (await pbkdf2('p' + i, 's', 2000, 32, 'sha512')).toString('hex'));
            await new Promise(resolve => setTimeout(resolve, 2));
            packed++;
        }
    })();
    Promise.all([...workers, own]).then(() => {
        clearInterval(timer);
        if (ticks === 0) throw new Error('no timer fired');
        console.log(results.length, packed, digest(...results.sort()));
    });
}
END
}
finish() { :; }
work() { timeout "$patience" node load.js 25; }
targets() { named node; }
