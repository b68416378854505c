// A chat hub as gorilla/websocket's own chat example builds it: one goroutine owns the clients,
// each client has a queue and a goroutine that writes, and what waits in a queue leaves together.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/gorilla/websocket"
)

const queueSize = 256

type client struct {
	socket *websocket.Conn
	queue  chan []byte
}

var (
	upgrader   = websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	register   = make(chan *client)
	unregister = make(chan *client)
	broadcast  = make(chan []byte)
)

func hub() {
	clients := map[*client]bool{}
	for {
		select {
		case c := <-register:
			clients[c] = true
		case c := <-unregister:
			if clients[c] {
				delete(clients, c)
				close(c.queue)
			}
		case message := <-broadcast:
			for c := range clients {
				select {
				case c.queue <- message:
				default:
					delete(clients, c)
					close(c.queue)
				}
			}
		}
	}
}

func (c *client) read() {
	defer func() {
		unregister <- c
		c.socket.Close()
	}()
	for {
		_, message, err := c.socket.ReadMessage()
		if err != nil {
			return
		}
		broadcast <- message
	}
}

func (c *client) write() {
	defer c.socket.Close()
	for message := range c.queue {
		frame, err := c.socket.NextWriter(websocket.TextMessage)
		if err != nil {
			return
		}
		frame.Write(message)
		for waiting := len(c.queue); waiting > 0; waiting-- {
			frame.Write([]byte{'\n'})
			frame.Write(<-c.queue)
		}
		if frame.Close() != nil {
			return
		}
	}
}

func serve(w http.ResponseWriter, r *http.Request) {
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &client{socket, make(chan []byte, queueSize)}
	register <- c
	go c.write()
	go c.read()
}

func main() {
	go hub()
	http.HandleFunc("/ws", serve)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
