// The peer in Go: a member of a group that copies each value and a newline into a buffer of 256 KiB and writes that
// to a file. franz-go's own fetch sizes and commits. Ends after COUNT records.
//
//	franz-go BROKER TOPIC GROUP COUNT FILE
package main

import (
	"context"
	"log"
	"os"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
)

const enough = 256 << 10

func main() {
	if len(os.Args) != 6 {
		log.Fatal("franz-go BROKER TOPIC GROUP COUNT FILE")
	}
	count, err := strconv.Atoi(os.Args[4])
	check(err)
	file, err := os.OpenFile(os.Args[5], os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	check(err)
	client, err := kgo.NewClient(
		kgo.SeedBrokers(os.Args[1]),
		kgo.ConsumeTopics(os.Args[2]),
		kgo.ConsumerGroup(os.Args[3]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	check(err)

	buffer := make([]byte, 0, enough+(64<<10))
	for seen := 0; seen < count; {
		fetches := client.PollFetches(context.Background())
		for _, failed := range fetches.Errors() {
			check(failed.Err)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			seen++
			buffer = append(append(buffer, record.Value...), '\n')
			if len(buffer) >= enough {
				_, err := file.Write(buffer)
				check(err)
				buffer = buffer[:0]
			}
		})
	}
	_, err = file.Write(buffer)
	check(err)
	check(file.Close())
	client.Close()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
