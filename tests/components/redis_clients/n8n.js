// What n8n's queue does, by the client library that n8n has (bull, with ioredis), as the platform's user.
// What is refused ends this program; what the library hides is in Redis' ACL LOG.
const Bull = require('bull');
const Redis = require('ioredis');

const options = {
	host: process.env.REDIS_HOST,
	port: Number(process.env.REDIS_PORT),
	username: process.env.REDIS_USER,
	password: process.env.REDIS_PASSWORD,
	enableReadyCheck: false,
	maxRetriesPerRequest: null,
};

const queue = () =>
	new Bull('jobs', { prefix: 'bull', createClient: (type) => new Redis(options), settings: { maxStalledCount: 0 } });

async function main() {
	const main = queue();
	const worker = queue();
	let closing = false;
	for (const one of [main, worker]) {
		one.on('error', (error) => {
			if (!closing) throw error;
		});
	}
	const seen = [];
	main.on('global:progress', (id, progress) => seen.push(progress));
	worker.process('job', 5, async (job) => {
		await job.progress({ kind: 'respond-to-webhook' });
		return { success: true };
	});
	const job = await main.add('job', { executionId: '1' }, { priority: 100, removeOnComplete: true, removeOnFail: true });
	await job.finished();
	const later = await main.add('job', { executionId: '2' }, { delay: 200, removeOnComplete: true });
	await later.finished();
	await main.pause(false, true);
	await main.resume(false);
	await main.getJobs(['active', 'waiting']);
	await main.getJobCounts();
	await worker.whenCurrentJobsFinished();
	for (let waited = 0; seen.length < 2 && waited < 100; waited++) await new Promise((done) => setTimeout(done, 50));
	if (seen.length < 2) throw new Error(`heard of ${seen.length} of 2 jobs`);

	// Beside the queue: commands between processes, the cache, who leads.
	const [one, other] = [new Redis(options), new Redis(options)];
	const heard = new Promise((done) => other.on('message', done));
	await other.subscribe('n8n:n8n.commands', 'n8n:n8n.worker-response');
	await one.publish('n8n:n8n.commands', '{}');
	await heard;
	await one.multi().set('n8n:cache:a', '1', 'PX', 1000).exec();
	await one.hset('n8n:cache:webhooks', { a: '1' });
	await one.set('n8n:main_instance_leader', 'a', 'EX', 10, 'NX');
	await one.quit();
	other.disconnect();
	closing = true;
	await Promise.all([main.close(), worker.close()]);
	console.log('done');
	process.exit(0);
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
