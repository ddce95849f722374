//! What an operator does to Kafka with Kafka's own tools, asked of the brokers directly.

mod frame;

use std::collections::BTreeMap;
use std::time::Duration;

use frame::{Answer, Question};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const METADATA: i16 = 3;
const OFFSET_COMMIT: i16 = 8;
const OFFSET_FETCH: i16 = 9;
const FIND_COORDINATOR: i16 = 10;
const DELETE_RECORDS: i16 = 21;
const ALTER_CONFIGS: i16 = 44;

const PATIENCE: Duration = Duration::from_secs(10);
const TOPIC: u8 = 2;

/// Asks a cluster.
#[derive(Clone, Debug)]
pub struct Operator {
    servers: Vec<String>,
}

/// Where a group stands in a partition: the offset, and what its metadata says.
pub type Position = (i64, String);

type Asked<T> = Result<T, String>;

impl Operator {
    /// Of the cluster at these addresses.
    pub fn new(bootstrap_servers: &str) -> Self {
        Self { servers: bootstrap_servers.split(',').map(str::to_owned).collect() }
    }

    /// The node that leads a partition, and its address.
    pub async fn leader(&self, topic: &str, partition: i32) -> Asked<(i32, String)> {
        let mut question = Question::new(METADATA, 1);
        question.count(1).text(topic);
        let mut answer = self.ask_any(question).await?;
        let mut addresses = BTreeMap::new();
        for _ in 0..answer.count()? {
            let (node, host, port) = (answer.i32()?, answer.text()?, answer.i32()?);
            answer.text()?;
            addresses.insert(node, format!("{host}:{port}"));
        }
        answer.i32()?;
        for _ in 0..answer.count()? {
            let _ = (answer.i16()?, answer.text()?, answer.i8()?);
            for _ in 0..answer.count()? {
                let (_, number, leader) = (answer.i16()?, answer.i32()?, answer.i32()?);
                for _ in 0..2 {
                    for _ in 0..answer.count()? {
                        answer.i32()?;
                    }
                }
                if number == partition {
                    let address = addresses.get(&leader).ok_or("it has no leader")?;
                    return Ok((leader, address.clone()));
                }
            }
        }
        Err(format!("{topic} has no partition {partition}"))
    }

    /// The node that coordinates a group, and its address.
    pub async fn coordinator(&self, group: &str) -> Asked<(i32, String)> {
        let mut question = Question::new(FIND_COORDINATOR, 0);
        question.text(group);
        let mut answer = self.ask_any(question).await?;
        answer.no_error()?;
        let (node, host, port) = (answer.i32()?, answer.text()?, answer.i32()?);
        Ok((node, format!("{host}:{port}")))
    }

    /// Where a group stands; partitions in which it never committed are left out.
    pub async fn committed(
        &self,
        group: &str,
        topic: &str,
        partitions: i32,
    ) -> Asked<BTreeMap<i32, Position>> {
        let mut question = Question::new(OFFSET_FETCH, 1);
        question.text(group).count(1).text(topic).count(partitions);
        for partition in 0..partitions {
            question.i32(partition);
        }
        let (_, address) = self.coordinator(group).await?;
        let mut answer = ask(&address, question).await?;
        let mut found = BTreeMap::new();
        for _ in 0..answer.count()? {
            answer.text()?;
            for _ in 0..answer.count()? {
                let (partition, offset, metadata) = (answer.i32()?, answer.i64()?, answer.text()?);
                answer.no_error()?;
                found.insert(partition, (offset, metadata));
            }
        }
        found.retain(|_, (offset, _)| *offset >= 0);
        Ok(found)
    }

    /// Sets a group's offsets, past its members: brokers allow it while there are none.
    pub async fn commit(&self, group: &str, topic: &str, positions: &BTreeMap<i32, Position>) -> Asked<()> {
        let mut question = Question::new(OFFSET_COMMIT, 2);
        question.text(group).i32(-1).text("").i64(-1).count(1).text(topic);
        question.count(i32::try_from(positions.len()).unwrap_or(i32::MAX));
        for (partition, (offset, metadata)) in positions {
            question.i32(*partition).i64(*offset).text(metadata);
        }
        let (_, address) = self.coordinator(group).await?;
        let mut answer = ask(&address, question).await?;
        for _ in 0..answer.count()? {
            answer.text()?;
            for _ in 0..answer.count()? {
                answer.i32()?;
                answer.no_error()?;
            }
        }
        Ok(())
    }

    /// Deletes a partition's records before an offset, as retention does.
    pub async fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Asked<()> {
        let mut question = Question::new(DELETE_RECORDS, 0);
        question.count(1).text(topic).count(1).i32(partition).i64(before).i32(10_000);
        let (_, address) = self.leader(topic, partition).await?;
        let mut answer = ask(&address, question).await?;
        let _ = (answer.i32()?, answer.count()?, answer.text()?, answer.count()?);
        let _ = (answer.i32()?, answer.i64()?);
        answer.no_error()
    }

    /// Changes a topic's setting.
    pub async fn set(&self, topic: &str, name: &str, value: &str) -> Asked<()> {
        let mut question = Question::new(ALTER_CONFIGS, 0);
        question.count(1).byte(TOPIC).text(topic).count(1).text(name).byte(0).text(value).byte(0);
        let mut answer = self.ask_any(question).await?;
        let _ = (answer.i32()?, answer.count()?);
        answer.no_error()
    }

    async fn ask_any(&self, question: Question) -> Asked<Answer> {
        let mut failure = "there is no broker to ask".to_owned();
        for server in &self.servers {
            match ask(server, question.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

async fn ask(address: &str, question: Question) -> Asked<Answer> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&question.framed()).await?;
        let length = usize::try_from(stream.read_i32().await?).unwrap_or(0).min(16 << 20);
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).await?;
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = tokio::time::timeout(PATIENCE, exchange).await;
    let bytes = bytes.map_err(|_| format!("{address} does not answer"))?;
    let mut answer = Answer::new(bytes.map_err(|error| format!("{address}: {error}"))?);
    // The correlation id: there was one question only.
    answer.i32()?;
    Ok(answer)
}
